// Keyspaces of a database: found, made and named.
//
// Thread safety: under the GIL (see common.h).
#pragma once

#include "common.h"

namespace quiver::python {

Keyspace OpenKeyspace(const DatabaseRef& open, const std::string& name);
/// Makes a keyspace with the settings of the database but for those given; one that is there is
/// opened instead, if it has the values that `settings` name.
Keyspace CreateOrOpenKeyspace(const DatabaseRef& open, const std::string& name,
                              const nb::kwargs& settings);
/// The keyspace that an argument is: a Keyspace object, or its name.
Keyspace KeyspaceArgument(const DatabaseRef& open, nb::handle argument);
nb::list KeyspaceNames(const DatabaseRef& open);

nb::object MakeKeyspace(const DatabaseRef& open, Keyspace keyspace);
/// A Snapshot object, whose reading methods show one keyspace (nothing: the default one).
nb::object MakeSnapshot(const DatabaseRef& open, const std::optional<Keyspace>& keyspace);

}  // namespace quiver::python
