// demo: placeholder
#include "session.h"
namespace quiver::cli { void AddDemoVerb(CLI::App&, Session&) {} }
