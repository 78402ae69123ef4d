#include "s3api/xml.hpp"

namespace hoist::s3api {
namespace {

std::unexpected<Error> malformed() {
  return fail(Error{Code::invalid, "The XML you provided was not well-formed or did not validate."}.with_slug(
      "MalformedXML"));
}

// Looks only at where elements begin and end, so that depth is known before anything is built.
bool is_acceptable(std::string_view text) {
  auto depth = 0;
  for (auto at = text.find('<'); at != text.npos; at = text.find('<', at + 1)) {
    auto const next = at + 1 < text.size() ? text[at + 1] : '\0';
    if (next == '!') return false;  // document types, comments and CDATA: no client sends them
    if (next == '?') continue;
    if (next == '/') {
      --depth;
      continue;
    }
    auto const end = text.find('>', at);
    if (end == text.npos) return false;
    if (text[end - 1] != '/' && ++depth > xml_depth_max) return false;
  }
  return depth == 0;
}

}  // namespace

std::string escape_xml(std::string_view text) {
  auto out = std::string{};
  out.reserve(text.size());
  for (auto const c : text) switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      case '\r': out += "&#13;"; break;
      default: out += c;
    }
  return out;
}

std::string xml_time(Time time) {
  auto text = to_rfc3339(std::chrono::floor<std::chrono::milliseconds>(time));
  constexpr std::size_t milliseconds_end = 23;  // 2026-11-20T18:25:43.123
  text.resize(milliseconds_end);
  return text + 'Z';
}

XmlWriter::XmlWriter(std::string_view root) : root_{root} {
  out_ = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<" + root_ +
         " xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">";
}

XmlWriter& XmlWriter::open(std::string_view name) {
  out_ += '<';
  out_ += name;
  out_ += '>';
  return *this;
}

XmlWriter& XmlWriter::close(std::string_view name) {
  out_ += "</";
  out_ += name;
  out_ += '>';
  return *this;
}

XmlWriter& XmlWriter::raw(std::string_view xml) {
  out_ += xml;
  return *this;
}

XmlWriter& XmlWriter::text(std::string_view name, std::string_view value) {
  open(name);
  out_ += escape_xml(value);
  return close(name);
}

XmlWriter& XmlWriter::number(std::string_view name, std::int64_t value) {
  return text(name, std::to_string(value));
}

std::string XmlWriter::finish() && {
  close(root_);
  return std::move(out_);
}

Result<std::unique_ptr<pugi::xml_document>> parse_xml(std::string_view text, std::string_view root) {
  if (text.size() > xml_bytes_max || !is_acceptable(text)) return malformed();
  auto document = std::make_unique<pugi::xml_document>();
  // A key may be of white space alone.
  constexpr auto options = pugi::parse_minimal | pugi::parse_escapes | pugi::parse_ws_pcdata_single;
  auto const outcome = document->load_buffer(text.data(), text.size(), options, pugi::encoding_utf8);
  if (!outcome || document->document_element().name() != root) return malformed();
  return document;
}

}  // namespace hoist::s3api
