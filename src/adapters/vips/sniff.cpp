#include "adapters/vips/sniff.hpp"

#include <algorithm>
#include <array>
#include <magic.h>
#include <utility>

#include "adapters/vips/raw.hpp"
#include "base/encode.hpp"

namespace hoist::vips {
namespace {

using namespace std::string_view_literals;

constexpr auto sniffed_bytes_max = std::size_t{256} << 10;

constexpr auto pictures = std::array{"image/jpeg"sv,
                                     "image/png"sv,
                                     "image/webp"sv,
                                     "image/gif"sv,
                                     "image/tiff"sv,
                                     "image/heic"sv,
                                     "image/avif"sv,
                                     "image/jxl"sv,
                                     "image/jp2"sv,
                                     "image/bmp"sv,
                                     "image/vnd.adobe.photoshop"sv};

constexpr auto raw_pictures = std::array{
    "image/x-adobe-dng"sv,     "image/x-canon-cr2"sv,   "image/x-nikon-nef"sv, "image/x-sony-arw"sv,
    "image/x-pentax-pef"sv,    "image/x-samsung-srw"sv, "image/x-canon-cr3"sv, "image/x-fuji-raf"sv,
    "image/x-panasonic-rw2"sv, "image/x-olympus-orf"sv, "image/x-dcraw"sv};

constexpr auto aliases = std::array<std::pair<std::string_view, std::string_view>, 23>{{
    {"image/jpg", "image/jpeg"},
    {"image/pjpeg", "image/jpeg"},
    {"image/x-png", "image/png"},
    {"image/tif", "image/tiff"},
    {"image/x-tiff", "image/tiff"},
    {"image/heic-sequence", "image/heic"},
    {"image/avif-sequence", "image/avif"},
    {"image/jpx", "image/jp2"},
    {"image/jpeg2000", "image/jp2"},
    {"image/jpeg2000-image", "image/jp2"},
    {"image/x-jp2", "image/jp2"},
    {"image/x-bmp", "image/bmp"},
    {"image/x-ms-bmp", "image/bmp"},
    {"image/psd", "image/vnd.adobe.photoshop"},
    {"image/x-photoshop", "image/vnd.adobe.photoshop"},
    {"application/x-photoshop", "image/vnd.adobe.photoshop"},
    {"application/photoshop", "image/vnd.adobe.photoshop"},
    {"image/dng", "image/x-adobe-dng"},
    {"image/svg", "image/svg+xml"},
    {"application/x-pdf", "application/pdf"},
    {"application/x-zip-compressed", "application/zip"},
    {"application/javascript", "text/javascript"},
    {"application/x-javascript", "text/javascript"},
}};

// HEIF's file type box: which of its many children is this?
std::string_view heif_type(std::string_view content) {
  if (content.size() < 16 || content.substr(4, 4) != "ftyp") return {};
  auto const size = static_cast<std::size_t>(static_cast<unsigned char>(content[2]) << 8 |
                                             static_cast<unsigned char>(content[3]));
  auto const box = content.substr(0, std::min({size, content.size(), std::size_t{256}}));
  auto const has = [&](std::string_view brand) {
    for (auto i = std::size_t{8}; i + 4 <= box.size(); i += i == 8 ? 8 : 4)
      if (box.substr(i, 4) == brand) return true;
    return false;
  };
  if (has("avif") || has("avis")) return "image/avif";
  for (auto const brand : {"heic"sv, "heix"sv, "heim"sv, "heis"sv, "hevc"sv, "hevx"sv})
    if (has(brand)) return "image/heic";
  auto const major = box.substr(8, 4);
  return major == "mif1" || major == "msf1" ? "image/heic"sv : ""sv;
}

// Two letters are little, so the length of the second header counts too.
bool is_bmp(std::string_view content) {
  if (!content.starts_with("BM") || content.size() < 18 || content.substr(15, 3) != "\0\0\0"sv) return false;
  constexpr auto lengths = std::array{12, 40, 52, 56, 64, 108, 124};
  return std::ranges::find(lengths, static_cast<int>(static_cast<unsigned char>(content[14]))) !=
         lengths.end();
}

std::string_view tiff_type(std::string_view content) {
  auto const raw = find_tiff_photo(content);
  return raw ? raw->type : "image/tiff";
}

std::string_view signature_type(std::string_view content) {
  if (content.starts_with("\xff\xd8\xff")) return "image/jpeg";
  if (content.starts_with("\x89PNG\r\n\x1a\n")) return "image/png";
  if (content.starts_with("GIF87a") || content.starts_with("GIF89a")) return "image/gif";
  if (content.starts_with("RIFF") && content.size() >= 12 && content.substr(8, 4) == "WEBP")
    return "image/webp";
  if (content.starts_with("II*\0"sv) || content.starts_with("MM\0*"sv) ||
      content.starts_with("II+\0\x08\0"sv) || content.starts_with("MM\0+\0\x08"sv))
    return tiff_type(content);
  if (auto const raw = maker_raw_type(content); !raw.empty()) return raw;
  if (content.starts_with("8BPS\0\x01"sv) || content.starts_with("8BPS\0\x02"sv))
    return "image/vnd.adobe.photoshop";
  if (content.starts_with("\xff\x0a")) return "image/jxl";
  if (is_bmp(content)) return "image/bmp";
  if (content.starts_with("%PDF-")) return "application/pdf";
  if (content.starts_with("\0\0\0\x0cJXL \r\n\x87\n"sv)) return "image/jxl";
  if (content.starts_with("\0\0\0\x0cjP  \r\n\x87\n"sv) || content.starts_with("\xff\x4f\xff\x51\0"sv))
    return "image/jp2";
  return heif_type(content);
}

bool is_generic(std::string_view type) {
  return type.empty() || type == "application/octet-stream" || type == "binary/octet-stream" ||
         type == "text/plain" || type == "application/zip" || type == "application/x-ole-storage" ||
         type == "application/cdfv2" || type == "inode/x-empty";
}

bool is_unknown(std::string_view declared) {
  return declared.empty() || declared == "application/octet-stream" || declared == "binary/octet-stream" ||
         declared == "*/*";
}

// Its first bytes are many and always there. Of the others a file of another type may have them by chance.
bool is_signed(std::string_view type) {
  return type == "application/pdf" ||
         (std::ranges::find(pictures, type) != pictures.end() && type != "image/bmp" && type != "image/jxl");
}

// Two letters may be chance in a file that says it is something else.
bool may_be_chance(std::string_view declared, std::string_view content) {
  return (content == "image/bmp" || content == "image/jxl") && !is_unknown(declared) &&
         !declared.starts_with("image/");
}

// Words in angle brackets are not all pages.
bool may_hold_markup(std::string_view declared) {
  return declared.starts_with("message/") || declared.find("xml") != declared.npos ||
         (declared.starts_with("text/") && declared != "text/plain");
}

bool is_program(std::string_view type) {
  return type == "application/x-dosexec" || type == "application/x-executable" ||
         type == "application/x-pie-executable" || type == "application/x-sharedlib" ||
         type == "application/x-mach-binary";
}

bool is_markup(std::string_view type) {
  return type == "text/html" || type == "application/xhtml+xml" || type == "image/svg+xml" ||
         type == "text/x-php";
}

// Formats that are a TIFF or a PDF inside.
bool is_dialect(std::string_view declared, std::string_view content) {
  if (is_heif(content)) return declared == "image/heif" || declared == "image/heif-sequence";
  if (content == "image/png") return declared == "image/apng" || declared == "image/vnd.mozilla.apng";
  if (content == "image/tiff") return declared.starts_with("image/x-") || is_raw(declared);
  if (is_raw(content)) return declared.starts_with("image/x-") || declared == "image/tiff";
  if (content == "application/pdf")
    return declared == "application/illustrator" || declared == "application/postscript";
  return false;
}

}  // namespace

Result<Sniffer> Sniffer::open() {
  auto magic = std::shared_ptr<void>{
      ::magic_open(MAGIC_MIME_TYPE | MAGIC_NO_CHECK_COMPRESS | MAGIC_NO_CHECK_ELF | MAGIC_NO_CHECK_TAR),
      [](void* handle) { ::magic_close(static_cast<magic_t>(handle)); }};
  if (!magic || ::magic_load(static_cast<magic_t>(magic.get()), nullptr) != 0)
    return fail(Error{Code::internal}.with_cause("libmagic has no database"));
  return Sniffer{std::move(magic)};
}

std::string Sniffer::type_of(std::string_view content) const {
  if (auto const type = signature_type(content); !type.empty()) return std::string{type};
  auto const head = content.substr(0, sniffed_bytes_max);
  auto const* const type = ::magic_buffer(static_cast<magic_t>(magic_.get()), head.data(), head.size());
  // The decoders' types are ours to give: libmagic also sees a PDF behind other text.
  if (type == nullptr || has_picture(type) || type == "application/pdf"sv) return "application/octet-stream";
  return canonical_type(type);
}

std::string canonical_type(std::string_view declared) {
  auto const type = to_lower(trim(declared.substr(0, declared.find(';'))));
  auto const* const alias = std::ranges::find(aliases, type, [](auto const& pair) { return pair.first; });
  return alias == aliases.end() ? type : std::string{alias->second};
}

bool has_picture(std::string_view type) {
  return is_raw(type) || std::ranges::find(pictures, type) != pictures.end();
}

bool is_raw(std::string_view type) {
  return std::ranges::find(raw_pictures, type) != raw_pictures.end();
}

bool is_heif(std::string_view type) {
  return type == "image/heic" || type == "image/avif";
}

std::string_view picture_type(std::string_view settled, std::string_view content) {
  if (has_picture(content) && !may_be_chance(settled, content)) return content;
  return has_picture(settled) ? settled : std::string_view{};
}

// Only a certain answer contradicts: a file that is called wrong is a file that its sender loses.
bool contradicts(std::string_view declared, std::string_view content) {
  if (is_unknown(declared) || declared == content || is_dialect(declared, content)) return false;
  if (is_signed(content)) return true;
  if (is_unknown(content)) return false;
  if (is_signed(declared)) return true;
  if (is_markup(content)) return !may_hold_markup(declared);
  return is_program(content) && !declared.starts_with("application/x-") &&
         !declared.starts_with("application/vnd.microsoft.portable");
}

std::string settled_type(std::string_view declared, std::string_view content) {
  if (is_raw(content) && !is_raw(declared)) return std::string{content};
  auto const keep = is_dialect(declared, content) || may_be_chance(declared, content) ||
                    (is_generic(content) && !is_unknown(declared));
  return std::string{keep ? declared : content};
}

}  // namespace hoist::vips
