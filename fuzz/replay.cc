// Runs inputs through fuzz targets without libFuzzer: the corpora as a test, or one input again.
//
//   fuzz_corpus_test CORPUS_DIRECTORY      every target on every file of its folder
//   fuzz_corpus_test TARGET FILE...        one target on the files
//   fuzz_corpus_test --list                names and the most bytes that an input has
//
// A violation aborts, after the file's name was printed. An empty input and a few strings of one
// byte are run through every target, too.
//
// Thread safety: one thread.
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "fuzz_target.h"

namespace quiver::fuzz {

namespace {

void RunFile(const Target& target, const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  const std::string input{std::istreambuf_iterator<char>(file), {}};
  std::printf("%s %s\n", std::string(target.name).c_str(), path.filename().c_str());
  std::fflush(stdout);  // so that the last line names the input that aborts
  target.run(input);
  // The signers run here, too, so that they keep up with the formats.
  if (target.sign == nullptr) return;
  std::string signed_input = input;
  target.sign(signed_input, 0);
  target.run(signed_input);
}

int RunCorpora(const std::filesystem::path& corpora) {
  int missing = 0;
  for (const Target& target : Targets()) {
    for (const std::string& input : {std::string(), std::string(1, '\0'), std::string("\xff")}) {
      target.run(input);
    }
    std::vector<std::filesystem::path> files;
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator(corpora / target.name, error)) {
      files.push_back(entry.path());
    }
    std::ranges::sort(files);
    for (const std::filesystem::path& file : files) RunFile(target, file);
    if (files.empty()) {
      std::printf("FAIL: no corpus in %s\n", (corpora / target.name).c_str());
      ++missing;
    }
  }
  return missing == 0 ? 0 : 1;
}

}  // namespace

}  // namespace quiver::fuzz

int main(int argc, char** argv) {
  using namespace quiver::fuzz;
  if (argc == 2 && std::string_view(argv[1]) == "--list") {
    for (const Target& target : Targets()) {
      std::printf("%s %u\n", std::string(target.name).c_str(), target.input_bytes_max);
    }
    return 0;
  }
  if (argc == 2) return RunCorpora(argv[1]);
  const Target* const target = argc > 2 ? FindTarget(argv[1]) : nullptr;
  if (target == nullptr) {
    std::fprintf(stderr, "usage: fuzz_corpus_test CORPUS_DIRECTORY | TARGET FILE...\n");
    return 2;
  }
  for (int i = 2; i < argc; ++i) RunFile(*target, argv[i]);
  return 0;
}
