// See config_faults.h.
#include "config/config_faults.h"

namespace quiver {

Error ConfigFaults::ToError() const {
  std::string message = std::to_string(faults_.size()) +
                        (faults_.size() == 1 ? " fault in " : " faults in ") + std::string(source_);
  for (const auto& [line, fault] : faults_) {
    message += "\n" + std::string(source_) + ":" + std::to_string(line) + ": " + fault;
  }
  if (full()) message += "\nand perhaps more: the rest was not read";
  return {ErrorCode::kInvalidArgument, std::move(message)};
}

}  // namespace quiver
