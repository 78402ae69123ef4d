#include "aws/client/profile.hpp"

#include <fstream>
#include <iterator>

#include "base/encode.hpp"
#include "base/try.hpp"

namespace hoist::aws {
namespace {

std::string path_of(Environment const& environment, std::string_view variable, std::string_view name) {
  if (auto given = value_of(environment, variable); !given.empty()) return given;
  auto const home = value_of(environment, "HOME");
  return home.empty() ? std::string{} : home + "/.aws/" + std::string{name};
}

// "" when there is no such file.
Result<std::string> read_whole(std::string const& path) {
  auto text = std::string{};
  auto file = std::ifstream{path, std::ios::binary};
  if (path.empty() || !file) return text;
  text.resize(profile_bytes_max + 1);
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (text.size() > profile_bytes_max)
    return fail(Code::invalid, path + " is too large for a file of AWS profiles.");
  return text;
}

std::string_view take_line(std::string_view& text) {
  auto const end = text.find('\n');
  auto const line = text.substr(0, end);
  text.remove_prefix(end == text.npos ? text.size() : end + 1);
  return line;
}

// "[profile  deploy]" and "[deploy]" are both "deploy".
std::string_view section_name(std::string_view line) {
  line = trim(line.substr(1, line.find(']') - 1));
  if (line.starts_with("profile ")) line = trim(line.substr(sizeof("profile")));
  return line;
}

}  // namespace

Profile section_of(std::string_view file, std::string_view section) {
  auto found = Profile{};
  auto inside = false;
  while (!file.empty()) {
    auto const line = take_line(file);
    auto const text = trim(line);
    if (text.empty() || text.starts_with('#') || text.starts_with(';')) continue;
    if (text.starts_with('[')) {
      inside = section_name(text) == section;
      continue;
    }
    auto const equals = text.find('=');
    auto const nested = line.front() == ' ' || line.front() == '\t';
    if (!inside || nested || equals == text.npos) continue;
    found.insert_or_assign(to_lower(trim(text.substr(0, equals))),
                           std::string{trim(text.substr(equals + 1))});
  }
  return found;
}

Result<Profile> read_profile(Environment const& environment) {
  auto name = value_of(environment, "AWS_PROFILE");
  auto const named = !name.empty();
  if (!named) name = "default";
  TRY(auto const keys, read_whole(path_of(environment, "AWS_SHARED_CREDENTIALS_FILE", "credentials")));
  TRY(auto const settings, read_whole(path_of(environment, "AWS_CONFIG_FILE", "config")));
  auto profile = section_of(keys, name);
  profile.merge(section_of(settings, name));
  if (named && profile.empty())
    return fail(Code::invalid,
                "AWS_PROFILE names the profile " + name + ", which is in no file of AWS profiles.");
  return profile;
}

}  // namespace hoist::aws
