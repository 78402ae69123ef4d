#include "materialise.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "raw.hpp"

namespace powercut {

namespace {

constexpr size_t sector_bytes = 512;

std::vector<Entry> list_path(std::string const& path) {
  auto fd = raw::open(path, O_RDONLY | O_DIRECTORY);
  if (fd < 0) return {};
  auto out = list_directory(fd);
  raw::close(fd);
  return out;
}

}  // namespace

Materialiser::Materialiser(Shadow shadow, Survival survival)
    : shadow_(std::move(shadow)), survival_(std::move(survival)), random_(survival_.seed) {
  if (survival_.real_root.empty()) return;
  if (auto status = status_of(AT_FDCWD, survival_.real_root.c_str()))
    real_paths_[status->id] = survival_.real_root;
  find_real(survival_.real_root);
}

void Materialiser::find_real(std::string const& folder) {
  for (auto const& entry : list_path(folder)) {
    auto path = folder + "/" + entry.name;
    real_paths_[entry.id] = path;
    if (entry.is_directory) find_real(path);
  }
}

std::vector<Entry> Materialiser::surviving_names(Identity const& directory) {
  auto names = std::map<std::string, Entry>{};
  for (auto& entry : shadow_.load_directory(directory)) names[entry.name] = entry;
  auto real = std::map<std::string, Entry>{};
  if (auto path = real_paths_.find(directory); path != real_paths_.end())
    for (auto& entry : list_path(path->second)) real[entry.name] = entry;

  for (auto const& [name, entry] : real) {
    auto known = names.find(name);
    if (known != names.end() && known->second.id == entry.id) continue;
    if (survives())
      names[name] = entry;
    else
      ++lost_names_;
  }
  // A removal may have reached the disk too. A file that was only moved stays where it was synced:
  // no file system of ours loses a file by renaming it.
  std::erase_if(names, [&](auto const& item) {
    return !real.contains(item.first) && !real_paths_.contains(item.second.id) && survives();
  });
  auto out = std::vector<Entry>{};
  for (auto& [name, entry] : names) out.push_back(std::move(entry));
  return out;
}

std::string Materialiser::surviving_bytes(Identity const& file) {
  auto bytes = read_text(shadow_.file(file));
  auto path = real_paths_.find(file);
  if (path == real_paths_.end()) return bytes;
  auto const real = read_text(path->second);
  auto size = bytes.size();
  if (real.size() < size && survives()) size = real.size();
  bytes.resize(std::max(size, real.size()));
  for (size_t at = 0; at < std::min(bytes.size(), real.size()); at += sector_bytes) {
    auto length = std::min(sector_bytes, real.size() - at);
    auto is_synced = at + length <= size && bytes.compare(at, length, real, at, length) == 0;
    if (is_synced) continue;
    if (!survives()) {
      lost_bytes_ += length;
      continue;
    }
    bytes.replace(at, length, real, at, length);
    size = std::max(size, at + length);
  }
  bytes.resize(size);
  return bytes;
}

bool Materialiser::build_directory(Identity const& id, std::string const& target) {
  auto error = std::error_code{};
  std::filesystem::create_directories(target, error);
  auto ok = !error;
  for (auto const& entry : surviving_names(id)) {
    auto path = target + "/" + entry.name;
    if (entry.is_directory) {
      ok = build_directory(entry.id, path) && ok;
      continue;
    }
    auto bytes = surviving_bytes(entry.id);
    auto file = std::ofstream{path, std::ios::binary};
    file.write(bytes.data(), std::streamsize(bytes.size()));
    ok = file.flush().good() && ok;
  }
  return ok;
}

bool Materialiser::build(std::string const& target) {
  auto root = shadow_.load_root();
  return root && build_directory(*root, target);
}

}  // namespace powercut
