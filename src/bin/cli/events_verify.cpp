#include <fmt/format.h>

#include <fstream>
#include <iostream>

#include "base/encode.hpp"
#include "base/try.hpp"
#include "bin/cli/events_log.hpp"
#include "bin/cli/report.hpp"
#include "events/export_line.hpp"
#include "events/verify.hpp"

namespace hoist::cli {
namespace {

constexpr std::size_t key_bytes = 32;

Result<std::string> read_key(std::string const& given) {
  auto text = given;
  if (auto file = std::ifstream{given}) std::getline(file, text);
  auto key = unbase64url(trim(text));
  if (key && key->size() == key_bytes) return *key;
  return fail(Code::invalid, "--key must be a public key as `hoist events key` prints it, or a file of it.");
}

// A checkpoint by itself, or the first line of an export, which holds one.
Result<std::optional<events::Checkpoint>> read_since(std::string const& path) {
  if (path.empty()) return std::nullopt;
  auto file = std::ifstream{path};
  auto const text = std::string{std::istreambuf_iterator<char>{file}, {}};
  auto parsed = parse_json(text);
  if (!parsed) parsed = parse_json(text.substr(0, text.find('\n')));
  auto const* object = parsed ? parsed->if_object() : nullptr;
  auto const* inner = object == nullptr ? nullptr : object->if_contains("checkpoint");
  if (inner != nullptr) object = inner->if_object();
  if (object != nullptr)
    if (auto read = events::read_checkpoint(*object)) return std::optional{*std::move(read)};
  return fail(Code::invalid, "--since must be a file with a checkpoint, or an earlier export.");
}

void show(events::VerifyReport const& verdict) {
  if (!verdict.ok()) {
    auto const where =
        verdict.problem_sequence > 0 ? fmt::format("event {}, ", verdict.problem_sequence) : "";
    fmt::print("ALTERED: {}line {}: {}.\n", where, verdict.problem_line, verdict.problem);
    return;
  }
  auto const& checkpoint = *verdict.checkpoint;
  fmt::print("Unaltered: events {} to {} of {}, {} of them erased, signed {} by key {}.\n",
             verdict.first_sequence, checkpoint.size, checkpoint.tenant.str(), verdict.redacted,
             to_rfc3339(checkpoint.at), checkpoint.key_id);
  if (verdict.first_sequence > 1)
    fmt::print("Events before {} are past their retention.\n", verdict.first_sequence);
}

void show_json(events::VerifyReport const& verdict) {
  auto object = json::object{{"ok", verdict.ok()},
                             {"events", verdict.events},
                             {"erased", verdict.redacted},
                             {"firstSequence", verdict.first_sequence}};
  if (verdict.checkpoint) object["checkpoint"] = events::render(*verdict.checkpoint);
  if (!verdict.ok())
    object["problem"] = json::object{
        {"message", verdict.problem}, {"line", verdict.problem_line}, {"sequence", verdict.problem_sequence}};
  print_line(object);
}

}  // namespace

int events_verify_command(EventsVerifyOptions const& options) {
  auto const key = read_key(options.key);
  if (!key) return report(key.error());
  auto since = read_since(options.since);
  if (!since) return report(since.error());
  auto file = std::ifstream{};
  if (options.file != "-") file.open(options.file, std::ios::binary);
  if (options.file != "-" && !file)
    return report(Error{Code::not_found, "Cannot read " + options.file + "."});
  auto const verdict = events::verify_export(options.file == "-" ? std::cin : file, *key, *std::move(since));
  if (options.json)
    show_json(verdict);
  else
    show(verdict);
  return verdict.ok() ? 0 : 1;
}

}  // namespace hoist::cli
