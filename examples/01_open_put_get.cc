// Opens a database, stores a value, reads it back.   usage: 01_open_put_get DIRECTORY
#include <quiver/quiver.h>

#include <cstdio>

int main(int argc, char** argv) {
  if (argc != 2) return std::puts("usage: 01_open_put_get DIRECTORY"), 2;
  auto db = quiver::Database::Open(argv[1]);
  if (!db) return std::puts(db.error().ToString().c_str()), 1;
  if (auto put = (*db)->Put("apple", "red"); !put) {
    return std::puts(put.error().ToString().c_str()), 1;
  }
  auto value = (*db)->Get("apple");
  if (!value) return std::puts(value.error().ToString().c_str()), 1;
  std::puts(*value ? (*value)->ToString().c_str() : "(absent)");
  return 0;
}
