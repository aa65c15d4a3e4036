// Changing: mutations that know what the bytes mean. Where a window of random bytes nearly always
// breaks an entry or an edit, these decode one, change a field of it to a value that the format
// allows, or add, double or leave out a part, and encode it again. Checksums are left to sign.h.
//
// Each answers false, with the input as it was, if there is nothing in it that can be decoded.
//
// Thread safety: pure functions of input and random numbers.
#pragma once

#include <string>

#include "base/random.h"

namespace quiver::fuzz {

/// An encoded batch: operation, keyspace, expiry, key and value of an entry.
bool ChangeBatch(std::string& input, Random& random);

/// Options of 2 bytes, then segments: the entries of a frame.
bool ChangeSegments(std::string& input, Random& random);

/// A manifest: a record's edit, above all what it says of keyspaces, range deletes and expiries.
bool ChangeManifest(std::string& input, Random& random);

}  // namespace quiver::fuzz
