#include "uploads/routes.hpp"

#include <fmt/format.h>

#include <thread>

#include "base/encode.hpp"
#include "base/hash.hpp"
#include "base/try.hpp"
#include "uploads/test_world.hpp"

namespace hoist::uploads {
namespace {

constexpr auto photo = R"({"project_id":"site-1","filename":"a.jpg","content_type":"image/jpeg","size":5})";

class UploadRoutes : public ::testing::Test {
 protected:
  std::vector<std::string> wrong_fields(std::string target, std::string body) {
    auto fields = std::vector<std::string>{};
    auto const answer = world.ok(400, "POST", std::move(target), std::move(body));
    for (auto const& error : answer.at("errors").as_array()) fields.push_back(text_of(error.at("field")));
    return fields;
  }
  World world;
};

net::Headers idempotency(std::string key) {
  auto headers = net::Headers{};
  headers.add("Idempotency-Key", std::move(key));
  return headers;
}

TEST_F(UploadRoutes, CreateAnswersTheUploadAndHowToSendIt) {
  auto const response = world.call("POST", "/uploads", photo);
  ASSERT_EQ(response.status, 201) << response.body;
  auto const body = *parse_json(response.body);
  auto const& upload = body.at("upload");
  auto const id = text_of(upload.at("id"));
  EXPECT_EQ(response.headers.get("Location"), "/uploads/" + id);
  EXPECT_EQ(upload.at("status"), "PENDING");
  EXPECT_EQ(upload.at("project_id"), "site-1");
  EXPECT_EQ(upload.at("filename"), "a.jpg");
  EXPECT_EQ(upload.at("size"), 5);
  EXPECT_TRUE(upload.at("batch_id").is_null());
  EXPECT_EQ(upload.at("timeline").as_array().size(), 1U);
  auto const& transfer = body.at("transfer");
  EXPECT_EQ(transfer.at("method"), "PUT");
  auto const url = text_of(transfer.at("url"));
  EXPECT_NE(url.find("/hoist/acme/site-1/uploads/" + id + "?"), url.npos);
  EXPECT_NE(url.find("X-Amz-SignedHeaders=content-length%3Bcontent-type%3Bhost%3Bif-none-match"), url.npos)
      << url;
  EXPECT_EQ(transfer.at("headers").at("content-type"), "image/jpeg");
  EXPECT_EQ(transfer.at("headers").at("content-length"), "5");
  EXPECT_EQ(transfer.at("headers").at("if-none-match"), "*");
  EXPECT_TRUE(parse_rfc3339(text_of(transfer.at("expires_at"))));
}

TEST_F(UploadRoutes, ADeclaredChecksumIsSignedInHexOrBase64) {
  auto const digest = sha256("hello");
  for (auto const& value : {hex(digest), base64(digest)}) {
    auto const body = fmt::format(R"({{"project_id":"p","filename":"a","content_type":"image/png","size":5,)"
                                  R"("checksum":{{"algorithm":"sha256","value":"{}"}}}})",
                                  value);
    auto const answer = world.ok(201, "POST", "/uploads", body);
    EXPECT_EQ(answer.at("transfer").at("headers").at("x-amz-checksum-sha256"), json::value(base64(digest)));
    EXPECT_EQ(answer.at("upload").at("checksum").at("sha256"), json::value(hex(digest)));
  }
}

TEST_F(UploadRoutes, EveryWrongFieldIsNamedAtOnce) {
  using Names = std::vector<std::string>;
  EXPECT_EQ(
      wrong_fields("/uploads", R"({"project_id":"a/b","filename":"x/y","content_type":"image","size":0,)"
                               R"("checksum":{"algorithm":"md5","value":"zz"},"metadata":{"a":1}})"),
      (Names{"project_id", "filename", "content_type", "size", "checksum.algorithm", "metadata.a"}));
  EXPECT_EQ(wrong_fields("/uploads", "{}"), (Names{"project_id", "filename", "content_type", "size"}));
  EXPECT_EQ(wrong_fields("/uploads", R"({"project_id":1,"filename":[],"content_type":{},"size":"5"})"),
            (Names{"project_id", "filename", "content_type", "size"}));
  auto const over =
      fmt::format(R"({{"project_id":"..","filename":"a","content_type":"image/png","size":{}}})",
                  world.options.file_bytes_max + 1);
  EXPECT_EQ(wrong_fields("/uploads", over), (Names{"project_id", "size"}));
  EXPECT_EQ(world.usage().files, 0);
}

TEST_F(UploadRoutes, A9_FieldsThatAreNotTheCallersAreRefused) {
  for (auto const* field : {"tenant", "tenant_id", "status", "role", "id", "expires_at"}) {
    auto const body = fmt::format(
        R"({{"project_id":"p","filename":"a","content_type":"image/png","size":5,"{}":"x"}})", field);
    EXPECT_EQ(wrong_fields("/uploads", body), std::vector<std::string>{field});
  }
}

TEST_F(UploadRoutes, A9_AViewerReadsAndCannotWrite) {
  auto const id = world.create();
  auto const viewer = std::string{"acme vera viewer"};
  EXPECT_EQ(world.call("GET", "/uploads/" + id, "", viewer).status, 200);
  EXPECT_EQ(world.call("GET", "/uploads", "", viewer).status, 200);
  EXPECT_EQ(world.call("POST", "/uploads", photo, viewer).status, 403);
  EXPECT_EQ(world.call("POST", "/batches", "{}", viewer).status, 403);
  EXPECT_EQ(world.call("POST", "/uploads/" + id + "/parts", "{}", viewer).status, 403);
  EXPECT_EQ(world.call("POST", "/uploads/" + id + "/complete", "", viewer).status, 403);
  EXPECT_EQ(world.call("DELETE", "/uploads/" + id, "", viewer).status, 403);
  EXPECT_EQ(world.status(id), "PENDING");
}

TEST_F(UploadRoutes, A8_AnotherTenantsUploadAnswersExactlyAsAMissingOne) {
  auto const batch =
      world.ok(201, "POST", "/batches",
               R"({"project_id":"site-1","files":[{"filename":"a","content_type":"image/png","size":5}]})");
  auto const upload = text_of(batch.at("items").at(0).at("upload").at("id"));
  ASSERT_TRUE(world.put_upload(world.create()));
  auto const missing = std::string{"01890000-0000-7000-8000-000000000000"};
  auto const stranger = std::string{"globex gus admin"};
  struct Case {
    std::string method, before, after, body;
    std::string id;
  };
  auto const cases =
      std::vector<Case>{{"GET", "/uploads/", "", "", upload},
                        {"DELETE", "/uploads/", "", "", upload},
                        {"POST", "/uploads/", "/parts", "{}", upload},
                        {"POST", "/uploads/", "/complete", "", upload},
                        {"GET", "/uploads/", "/content", "", upload},
                        {"GET", "/uploads/", "/thumbnails/256", "", upload},
                        {"GET", "/batches/", "", "", text_of(batch.at("batch").at("id"))},
                        {"GET", "/stream?topic=upload:", "", "", upload},
                        {"GET", "/ws?topic=upload:", "", "", upload},
                        {"GET", "/ws?topic=batch:", "", "", text_of(batch.at("batch").at("id"))}};
  for (auto const& one : cases) {
    auto const theirs = world.call(one.method, one.before + one.id + one.after, one.body, stranger);
    auto const absent = world.call(one.method, one.before + missing + one.after, one.body, stranger);
    EXPECT_EQ(theirs.status, 404) << one.before << one.after;
    EXPECT_EQ(theirs.body, absent.body);
    EXPECT_EQ(theirs.headers.all(), absent.headers.all());
  }
  EXPECT_EQ(world.status(upload), "PENDING");
  auto const list = world.ok(200, "GET", "/uploads", "", stranger);
  EXPECT_TRUE(list.at("uploads").as_array().empty());
}

TEST_F(UploadRoutes, A13_AnotherTenantMayUseTheSameNamesKeysAndContent) {
  auto const content =
      fmt::format(R"("checksum":{{"algorithm":"sha256","value":"{}"}})", hex(sha256("hello")));
  auto const body =
      fmt::format(R"({{"project_id":"site-1","files":[{{"filename":"a.jpg","content_type":"image/jpeg",)"
                  R"("size":5,{}}}]}})",
                  content);
  auto const first = world.ok(201, "POST", "/batches", body, "acme ana member", idempotency("k1"));
  auto const id = text_of(first.at("items").at(0).at("upload").at("id"));
  ASSERT_TRUE(world.put_upload(id));
  ASSERT_TRUE(world.process(id));
  auto const other = world.ok(201, "POST", "/batches", body, "globex gus member", idempotency("k1"));
  EXPECT_EQ(other.at("items").at(0).at("action"), "upload");
  auto const again = world.ok(201, "POST", "/batches", body);
  EXPECT_EQ(again.at("items").at(0).at("action"), "have");
  EXPECT_EQ(again.at("items").at(0).at("upload").at("id"), first.at("items").at(0).at("upload").at("id"));
}

TEST_F(UploadRoutes, ABatchAnswersEachFileByItself) {
  auto const sum = hex(sha256("same"));
  auto const body = fmt::format(
      R"({{"project_id":"site-1","files":[)"
      R"({{"filename":"1.jpg","content_type":"image/jpeg","size":4,"checksum":{{"algorithm":"sha256","value":"{0}"}}}},)"
      R"({{"filename":"","content_type":"image/jpeg","size":0}},)"
      R"({{"filename":"1.jpg","content_type":"image/jpeg","size":4,"checksum":{{"algorithm":"sha256","value":"{0}"}}}},)"
      R"({{"filename":"3.jpg","content_type":"image/jpeg","size":7}},17]}})",
      sum);
  auto const answer = world.ok(201, "POST", "/batches", body);
  auto const& items = answer.at("items").as_array();
  ASSERT_EQ(items.size(), 5U);
  EXPECT_EQ(items[0].at("action"), "upload");
  EXPECT_EQ(items[0].at("index"), 0);
  EXPECT_EQ(items[0].at("upload").at("batch_id"), answer.at("batch").at("id"));
  EXPECT_EQ(items[0].at("transfer").at("method"), "PUT");
  EXPECT_EQ(items[1].at("error").at("code"), "invalid");
  EXPECT_EQ(items[1].at("error").at("errors").at(0).at("field"), "files[1].filename");
  EXPECT_EQ(items[1].at("error").at("errors").at(1).at("field"), "files[1].size");
  EXPECT_EQ(items[2].at("error").at("code"), "duplicate");
  EXPECT_TRUE(text_of(items[2].at("error").at("message")).starts_with("1.jpg "));  // people know names
  EXPECT_EQ(items[3].at("action"), "upload");
  EXPECT_EQ(items[4].at("error").at("errors").at(0).at("field"), "files[4]");
  auto const& batch = answer.at("batch");
  EXPECT_EQ(batch.at("counts").at("PENDING"), 2);
  EXPECT_EQ(batch.at("bytes"), 11);
  EXPECT_EQ(batch.at("files"), 5);
  EXPECT_EQ(batch.at("refused"), 3);
  EXPECT_TRUE(batch.at("finished_at").is_null());
  EXPECT_EQ(world.usage().bytes, 11);
  auto const seen = world.ok(200, "GET", "/batches/" + text_of(batch.at("id")));
  EXPECT_EQ(seen, batch);
}

TEST_F(UploadRoutes, ABatchOfAThousandIsTakenAndOneMoreIsRefused) {
  auto const batch = [](int files) {
    auto body = std::string{R"({"project_id":"site-1","files":[)"};
    for (auto i = 0; i < files; ++i)
      body += fmt::format(R"({}{{"filename":"{}.jpg","content_type":"image/jpeg","size":1000}})",
                          i == 0 ? "" : ",", i);
    return body + "]}";
  };
  EXPECT_EQ(wrong_fields("/batches", batch(1001)), std::vector<std::string>{"files"});
  EXPECT_EQ(wrong_fields("/batches", batch(0)), std::vector<std::string>{"files"});
  auto const answer = world.ok(201, "POST", "/batches", batch(1000));
  EXPECT_EQ(answer.at("items").as_array().size(), 1000U);
  EXPECT_EQ(world.usage().files, 1000);
  EXPECT_TRUE(world.wrong_usage().empty());
}

TEST_F(UploadRoutes, ABatchWithoutOneGoodFileNamesAllThatIsWrong) {
  EXPECT_EQ(wrong_fields("/batches",
                         R"({"project_id":"site-1","files":[{"filename":"a","content_type":"image/png",)"
                         R"("size":-1},{"filename":"b","content_type":"image/png","size":1,"x":2}]})"),
            (std::vector<std::string>{"files[0].size", "files[1].x"}));
}

TEST_F(UploadRoutes, TheSameIdempotencyKeyAnswersTheSameUpload) {
  auto const first = world.ok(201, "POST", "/uploads", photo, "acme ana member", idempotency("key-1"));
  world.clock.advance(std::chrono::minutes{20});
  auto const second = world.ok(201, "POST", "/uploads", photo, "acme ana member", idempotency("key-1"));
  EXPECT_EQ(first.at("upload"), second.at("upload"));
  // The URL of a repeat is fresh, so that it is worth having.
  EXPECT_NE(first.at("transfer").at("url"), second.at("transfer").at("url"));
  EXPECT_EQ(world.usage().files, 1);
  auto const other =
      std::string{R"({"project_id":"site-1","filename":"b","content_type":"image/png","size":5})"};
  EXPECT_EQ(world.call("POST", "/uploads", other, "acme ana member", idempotency("key-1")).status, 422);
  EXPECT_EQ(
      world.call("POST", "/uploads?multipart=true", photo, "acme ana member", idempotency("key-1")).status,
      422);
  EXPECT_EQ(world.call("POST", "/uploads", photo, "acme ana member", idempotency("bad key")).status, 400);
}

TEST_F(UploadRoutes, ARepeatedBatchAnswersTheSameItems) {
  auto const body =
      std::string{R"({"project_id":"site-1","files":[{"filename":"a","content_type":"image/png","size":5},)"
                  R"({"filename":"b","content_type":"image/png","size":0}]})"};
  auto const first = world.ok(201, "POST", "/batches", body, "acme ana member", idempotency("b"));
  auto const second = world.ok(201, "POST", "/batches", body, "acme ana member", idempotency("b"));
  EXPECT_EQ(first, second);
  EXPECT_EQ(world.usage().files, 1);
}

TEST_F(UploadRoutes, ListsAreFilteredAndPagedNewestFirst) {
  auto ids = std::vector<std::string>{};
  for (auto i = 0; i < 5; ++i) ids.push_back(world.create());
  ASSERT_TRUE(world.put_upload(ids[4]));
  auto const page = world.ok(200, "GET", "/uploads?project_id=site-1&limit=2");
  ASSERT_EQ(page.at("uploads").as_array().size(), 2U);
  EXPECT_EQ(text_of(page.at("uploads").at(0).at("id")), ids[4]);
  auto const cursor = text_of(page.at("next_cursor"));
  auto const next = world.ok(200, "GET", "/uploads?project_id=site-1&limit=3&cursor=" + cursor);
  EXPECT_EQ(text_of(next.at("uploads").at(0).at("id")), ids[2]);
  EXPECT_TRUE(next.at("next_cursor").is_null());
  EXPECT_EQ(world.ok(200, "GET", "/uploads?status=UPLOADED").at("uploads").as_array().size(), 1U);
  EXPECT_EQ(world.ok(200, "GET", "/uploads?project_id=other").at("uploads").as_array().size(), 0U);
  for (auto const* bad :
       {"limit=0", "limit=201", "status=uploaded", "batch_id=1", "project_id=%2F", "what=1"})
    EXPECT_EQ(world.call("GET", std::string{"/uploads?"} + bad).status, 400) << bad;
}

TEST_F(UploadRoutes, APathKeepsTheFoldersOfAFile) {
  auto const asking = [](std::string const& path) {
    return R"({"project_id":"site-1","filename":"a.jpg","content_type":"image/jpeg","size":5,"path":)" +
           json::serialize(json::string{path}) + "}";
  };
  for (auto const* good : {"a.jpg", "floor-1/a.jpg", "piso 2/señal/a.jpg"}) {
    auto const id = text_of(world.ok(201, "POST", "/uploads", asking(good)).at("upload").at("id"));
    EXPECT_EQ(world.ok(200, "GET", "/uploads/" + id).at("path"), good);
  }
  for (auto const* bad : {"/a.jpg", "../a.jpg", "x/../a.jpg", "x/./a.jpg", "x//a.jpg", "x\\a.jpg", "b.jpg",
                          "xa.jpg", "x/", "x\na/a.jpg"})
    EXPECT_EQ(world.call("POST", "/uploads", asking(bad)).status, 400) << bad;
  auto deep = std::string{};
  for (auto i = 0; i < 32; ++i) deep += "d/";
  EXPECT_EQ(world.call("POST", "/uploads", asking(deep + "a.jpg")).status, 400);
  EXPECT_EQ(world.call("POST", "/uploads", asking(std::string(256, 'd') + "/a.jpg")).status, 400);
  EXPECT_FALSE(world.ok(200, "GET", "/uploads/" + world.create()).as_object().contains("path"));
}

TEST_F(UploadRoutes, ProjectsAreListedWithTheirCounts) {
  EXPECT_EQ(world.ok(200, "GET", "/projects").at("projects"), json::array{});
  auto const first = world.create(5);
  auto const second = world.create(7);
  ASSERT_TRUE(world.put_upload(first));
  EXPECT_EQ(world.call("DELETE", "/uploads/" + second).status, 200);
  auto const projects = world.ok(200, "GET", "/projects").at("projects").as_array();
  ASSERT_EQ(projects.size(), 1U);
  EXPECT_EQ(projects[0].at("id"), "site-1");
  EXPECT_EQ(projects[0].at("files"), 1);
  EXPECT_EQ(projects[0].at("bytes"), 5);
  EXPECT_EQ(projects[0].at("counts"), (json::object{{"CANCELLED", 1}, {"UPLOADED", 1}}));
  EXPECT_EQ(world.ok(200, "GET", "/projects", {}, "other eva viewer").at("projects"), json::array{});
  EXPECT_EQ(world.call("GET", "/projects?state=FAILED").status, 400);
}

TEST(UploadWait, AnswersAtTheEndOfAnUploadAndNotBefore) {
  auto world = World{{}, testing::TestDatabase::Kind::fast};  // the worker is another thread
  auto const id = world.create();
  EXPECT_EQ(world.call("GET", "/uploads/" + id + "?wait=26").status, 400);
  EXPECT_EQ(world.ok(200, "GET", "/uploads/" + id + "?wait=1").at("status"), "PENDING");
  ASSERT_TRUE(world.put_upload(id));
  auto worker = std::jthread{[&] { EXPECT_TRUE(world.process(id)); }};
  EXPECT_EQ(world.ok(200, "GET", "/uploads/" + id + "?wait=25").at("status"), "COMPLETED");
  EXPECT_EQ(world.ok(200, "GET", "/uploads/" + id + "?wait=25").at("status"), "COMPLETED");  // at once
}

TEST_F(UploadRoutes, E1_ACursorHoldsOnlyForTheListItWasMadeFor) {
  for (auto i = 0; i < 3; ++i) (void)world.create();
  for (auto i = 0; i < 3; ++i) (void)world.create(5, "globex gus member");
  auto const cursor = text_of(world.ok(200, "GET", "/uploads?limit=1").at("next_cursor"));
  auto changed = cursor;
  changed[3] = changed[3] == 'A' ? 'B' : 'A';
  EXPECT_EQ(world.call("GET", "/uploads?cursor=" + cursor).status, 200);
  EXPECT_EQ(world.call("GET", "/uploads?cursor=" + changed).status, 400);
  EXPECT_EQ(world.call("GET", "/uploads?status=PENDING&cursor=" + cursor).status, 400);
  EXPECT_EQ(world.call("GET", "/uploads?cursor=" + cursor, "", "globex gus member").status, 400);
  EXPECT_EQ(world.call("GET", "/uploads?cursor=-1").status, 400);
}

TEST_F(UploadRoutes, OnlyCompletedFilesAreServedUnderTheirOwnName) {
  auto const name = std::string{"Ca\xC3\xB1\xC3\xB3n \xF0\x9F\x8F\x97 n\xCC\x83.jpg"};
  auto const answer = world.ok(
      201, "POST", "/uploads",
      fmt::format(R"({{"project_id":"site-1","filename":"{}","content_type":"image/jpeg","size":5}})", name));
  EXPECT_EQ(text_of(answer.at("upload").at("filename")), name);
  auto const id = text_of(answer.at("upload").at("id"));
  EXPECT_EQ(text_of(answer.at("transfer").at("url")).find("Ca"), std::string::npos);
  auto const content = "/uploads/" + id + "/content";
  EXPECT_EQ(world.call("GET", content).status, 409);
  ASSERT_TRUE(world.put_upload(id));
  EXPECT_EQ(world.call("GET", content).status, 409);
  ASSERT_TRUE(world.process(id));
  auto const response = world.call("GET", content);
  EXPECT_EQ(response.status, 302);
  auto const location = std::string{response.headers.get("Location")};
  EXPECT_NE(location.find("response-content-disposition=attachment"), location.npos) << location;
  EXPECT_NE(location.find(percent_encode("filename*=UTF-8''" + percent_encode(name))), location.npos)
      << location;
  for (auto const* ours : {"response-cache-control=private%2C%20no-store",
                           "response-content-encoding=identity", "response-content-type=image%2Fjpeg"})
    EXPECT_NE(location.find(ours), location.npos) << location;
  EXPECT_EQ(world.call("GET", "/uploads/" + id + "/thumbnails/256").status, 302);
  EXPECT_EQ(world.call("GET", "/uploads/" + id + "/thumbnails/1024").status, 404);
  ASSERT_TRUE(testing::write_now(*world.database, [&](sql::Transaction& tx) -> Result<void> {
    CHECK(
        tx.execute("UPDATE uploads SET thumbnails = replace(thumbnails, '256', '1024') WHERE id = $1", {id}));
    return {};
  }));
  EXPECT_EQ(world.call("GET", "/uploads/" + id + "/thumbnails/1024").status, 302);
  for (auto const* other : {"256", "0", "512", "1025", "x"})
    EXPECT_EQ(world.call("GET", "/uploads/" + id + "/thumbnails/" + other).status, 404) << other;
  EXPECT_EQ(world.call("GET", "/uploads/" + id + "/thumbnails/99").status, 404);
}

TEST_F(UploadRoutes, ACompletedUploadShowsWhatWasFound) {
  auto const id = world.create();
  ASSERT_TRUE(world.put_upload(id));
  ASSERT_TRUE(world.process(id));
  auto const upload = world.ok(200, "GET", "/uploads/" + id);
  EXPECT_EQ(upload.at("status"), "COMPLETED");
  EXPECT_EQ(upload.at("checksum").at("sha256"), json::value(hex(sha256("hello"))));
  EXPECT_EQ(upload.at("media").at("width"), 40);
  EXPECT_EQ(upload.at("media").at("gps").at("latitude"), -12.05);
  EXPECT_EQ(upload.at("scan").at("verdict"), "clean");
  EXPECT_EQ(upload.at("preview").at("status"), "ready");
  EXPECT_EQ(upload.at("thumbnails").at(0).at("size"), 256);
  EXPECT_NE(text_of(upload.at("thumbnails").at(0).at("url")).find("X-Amz-Signature"), std::string::npos);
  auto whats = std::string{};
  for (auto const& entry : upload.at("timeline").as_array()) whats += text_of(entry.at("what")) + " ";
  EXPECT_EQ(whats, "created uploaded processing completed ");
}

TEST_F(UploadRoutes, ADeletedUploadAnswersNothingOfItsFile) {
  auto const body =
      std::string{R"({"project_id":"site-1","filename":"Casa de Ana.jpg","path":"Lima/Casa de Ana.jpg",)"
                  R"("content_type":"image/jpeg","size":5,"metadata":{"client":"Ana"}})"};
  auto const id = text_of(world.ok(201, "POST", "/uploads", body).at("upload").at("id"));
  ASSERT_TRUE(world.put_upload(id));
  ASSERT_TRUE(world.process(id));
  auto const answer = world.ok(200, "DELETE", "/uploads/" + id);
  EXPECT_EQ(answer, world.ok(200, "GET", "/uploads/" + id));
  auto members = std::string{};
  for (auto const& member : answer.as_object()) members += std::string{member.key()} + " ";
  EXPECT_EQ(members, "id batch_id project_id status created_at updated_at timeline ");
  auto whats = std::string{};
  for (auto const& entry : answer.at("timeline").as_array()) {
    whats += text_of(entry.at("what")) + " ";
    EXPECT_FALSE(entry.as_object().contains("detail"));
  }
  EXPECT_EQ(whats, "created uploaded processing completed deleted ");
  auto kept = std::string{};
  ASSERT_TRUE(testing::read_now(*world.database, [&](sql::Transaction& tx) -> Result<void> {
    TRY(auto const rows,
        tx.query("SELECT filename || content_type || user_id || COALESCE(path, '') || "
                 "COALESCE(checksum, '') || COALESCE(metadata, '') || COALESCE(sha256, '') || "
                 "COALESCE(media, '') || COALESCE(scan, '') || COALESCE(thumbnails, '') "
                 "FROM uploads WHERE id = $1",
                 {id}));
    kept = rows.at(0).text(0);
    return {};
  }));
  EXPECT_EQ(kept, "");
  EXPECT_TRUE(world.wrong_usage().empty());
}

TEST_F(UploadRoutes, SentencesAreInTheLanguageThatIsAskedFor) {
  auto const id = world.create();
  ASSERT_TRUE(world.put_upload(id));
  ASSERT_TRUE(world.wait([&] {
    return world.uploads.ledger.failed(
        TenantId{"acme"}, UploadId{id},
        {"infected", "A virus was found in the file (Eicar). It was put in quarantine.", {}}, soon());
  }));
  auto const in = [&](std::string tag, std::string target, std::string method = "GET",
                      std::string body = {}) {
    auto headers = net::Headers{};
    headers.add("Accept-Language", std::move(tag));
    return world.call(std::move(method), std::move(target), std::move(body), "acme ana member", headers);
  };
  auto const shown = in("de, es-PE;q=0.9, pt;q=0.8", "/uploads/" + id);
  EXPECT_EQ(shown.headers.get("Content-Language"), "es");
  EXPECT_EQ(shown.headers.get("Vary"), "Accept-Language");
  EXPECT_EQ(text_of(parse_json(shown.body)->at("error").at("message")),
            "Se encontró un virus en el archivo (Eicar). Está en cuarentena.");
  EXPECT_TRUE(in("pt", "/uploads?project_id=site-1").body.contains("Um vírus foi encontrado"));
  EXPECT_TRUE(in("de", "/uploads/" + id).body.contains("A virus was found"));
  auto const missing = in("pt", "/uploads/" + new_uuid7(world.clock.now()));
  EXPECT_EQ(missing.headers.get("Content-Language"), "pt");
  EXPECT_TRUE(missing.body.contains("Este arquivo não existe."));
  EXPECT_TRUE(missing.body.contains("Não encontrado"));
  auto const empty = in("es", "/uploads", "POST",
                        R"({"project_id":"a b","filename":"a","content_type":"image/png","size":0})");
  EXPECT_TRUE(empty.body.contains("Este archivo está vacío."));
  EXPECT_TRUE(empty.body.contains("El nombre de un proyecto"));
}

TEST_F(UploadRoutes, AFileThatIsTooLargeIsToldInMegabytes) {
  auto const answer =
      world.call("POST", "/uploads",
                 fmt::format(R"({{"project_id":"p","filename":"a","content_type":"image/png","size":{}}})",
                             world.options.file_bytes_max + 22'542'400));
  EXPECT_EQ(answer.status, 400);
  EXPECT_TRUE(answer.body.contains("This file is 122 MB; the limit is 100 MB. Make it smaller"))
      << answer.body;
}

TEST(UploadSizes, BelowTenHaveADecimalUnlessTheyAreWhole) {
  auto options = Options{};
  options.file_bytes_max = 1000;
  auto world = World{options};
  for (auto const& [size, amount] : {std::pair{1001, "1.0 kB"}, std::pair{2000, "2 kB"},
                                     std::pair{2500, "2.5 kB"}, std::pair{12'600, "12 kB"}}) {
    auto const answer = world.call(
        "POST", "/uploads",
        fmt::format(R"({{"project_id":"p","filename":"a","content_type":"image/png","size":{}}})", size));
    EXPECT_TRUE(answer.body.contains(fmt::format("This file is {}; the limit is 1 kB", amount)))
        << answer.body;
  }
}

TEST_F(UploadRoutes, EveryFilterOfTheListHasAnIndex) {
  for (auto const& [project, batch, state, index] :
       std::vector<std::tuple<std::string, std::string, std::optional<UploadState>, std::string>>{
           {"", "", {}, "PRIMARY KEY|sqlite_autoindex_uploads"},
           {"p", "", {}, "uploads_by_project "},
           {"", "", UploadState::completed, "uploads_by_state "},
           {"p", "", UploadState::failed, "uploads_by_project_state "},
           {"", "b", {}, "uploads_by_batch "},
           {"p", "b", {}, "uploads_by_batch "},
           {"", "b", UploadState::failed, "uploads_by_batch "},
           {"p", "b", UploadState::failed, "uploads_by_batch "}}) {
    SCOPED_TRACE(fmt::format("project {} batch {} state {}", project, batch, state.has_value()));
    ASSERT_TRUE(testing::read_now(*world.database, [&](sql::Transaction& tx) -> Result<void> {
      auto plan = std::string{};
      auto const listing = listing_of(TenantId{"acme"}, {project, batch, state, {}}, "z", {}, 50);
      TRY(auto const rows,
          tx.query("EXPLAIN QUERY PLAN SELECT * FROM uploads WHERE " + listing.condition, listing.args));
      for (auto const& row : rows) plan += row.text(3) + " ";
      auto const one = index.substr(0, index.find('|'));
      auto const other = index.substr(index.find('|') + 1);
      EXPECT_TRUE(plan.find(one) != plan.npos || plan.find(other) != plan.npos) << plan;
      EXPECT_EQ(plan.find("SCAN"), plan.npos) << plan;
      EXPECT_EQ(plan.find("TEMP B-TREE"), plan.npos) << plan;
      return {};
    }));
  }
}

TEST_F(UploadRoutes, U07_TheStageSaysWhatHappensWithinAState) {
  auto const id = world.create();
  auto const stage = [&] {
    auto const upload = world.ok(200, "GET", "/uploads/" + id);
    auto const* name = upload.as_object().if_contains("stage");
    return name == nullptr ? std::string{"none"} : text_of(*name);
  };
  EXPECT_EQ(stage(), "none");
  ASSERT_TRUE(world.put_upload(id));
  EXPECT_EQ(stage(), "queued");
  auto job = world.wait<std::optional<UploadJob>>(
      [&] { return world.uploads.ledger.begin(TenantId{"acme"}, UploadId{id}, 1, soon()); });
  ASSERT_TRUE(job && *job);
  EXPECT_EQ(stage(), "none");
  for (auto const& [step, name] :
       std::vector<std::pair<ProcessingStage, std::string>>{{ProcessingStage::scanning, "scanning"},
                                                            {ProcessingStage::inspecting, "inspecting"},
                                                            {ProcessingStage::previewing, "previewing"},
                                                            {ProcessingStage::none, "none"}}) {
    world.uploads.ledger.stage(**job, step);
    EXPECT_EQ(stage(), name);
  }
  ASSERT_TRUE(world.fail_processing(id, "infected"));
  EXPECT_EQ(stage(), "quarantined");
}

TEST_F(UploadRoutes, U07_AnUploadInPartsSaysWhatItHasReceived) {
  auto const id = world.create(11 << 20, "acme ana member", "?multipart=true");
  EXPECT_FALSE(world.ok(200, "GET", "/uploads/" + id).as_object().contains("stage"));
  ASSERT_TRUE(world.put_part(id, 3, std::string(1 << 20, 'x')));
  auto const upload = world.ok(200, "GET", "/uploads/" + id);
  EXPECT_EQ(upload.at("stage"), "uploading");
  EXPECT_EQ(upload.at("received"), (json::object{{"bytes", 1 << 20}, {"parts", 1}, {"part_count", 3}}));
}

TEST_F(UploadRoutes, U11_AFileThatWaitsForTheScannerSaysSo) {
  auto const waits = world.create();
  auto const not_sent = world.create();
  ASSERT_TRUE(world.put_upload(waits));
  world.scanner.reason = "connect: refused";
  auto const shown = world.ok(200, "GET", "/uploads/" + waits);
  EXPECT_EQ(shown.at("waiting").at("code"), "scanner_away");
  EXPECT_EQ(text_of(shown.at("waiting").at("message")).find("refused"), std::string::npos);
  EXPECT_FALSE(world.ok(200, "GET", "/uploads/" + not_sent).as_object().contains("waiting"));
  world.scanner.reason.reset();
  EXPECT_FALSE(world.ok(200, "GET", "/uploads/" + waits).as_object().contains("waiting"));
  ASSERT_TRUE(world.process(waits));
  world.scanner.reason = "gone again";
  EXPECT_FALSE(world.ok(200, "GET", "/uploads/" + waits).as_object().contains("waiting"));
}

TEST_F(UploadRoutes, AnInfectedFileShowsWhyAndIsNeverServed) {
  auto options = Options{};
  options.allow_unscanned = true;
  auto lenient = World{options};
  auto const id = lenient.create();
  ASSERT_TRUE(lenient.put_upload(id));
  EXPECT_EQ(lenient.call("GET", "/uploads/" + id + "/content").status, 302);
  ASSERT_TRUE(lenient.fail_processing(id, "infected"));
  auto const upload = lenient.ok(200, "GET", "/uploads/" + id);
  EXPECT_EQ(upload.at("status"), "FAILED");
  EXPECT_EQ(upload.at("error").at("code"), "infected");
  EXPECT_EQ(lenient.call("GET", "/uploads/" + id + "/content").status, 409);
  EXPECT_EQ(lenient.call("GET", "/uploads/" + id + "/thumbnails/256").status, 409);
}

TEST_F(UploadRoutes, BodiesThatAreNotOneJsonObjectAreRefused) {
  EXPECT_EQ(world.call("POST", "/uploads", "[]").status, 400);
  EXPECT_EQ(world.call("POST", "/uploads", "{").status, 400);
  EXPECT_EQ(world.call("POST", "/uploads", R"({"size":1,"size":2})").status, 400);
  EXPECT_EQ(world.call("POST", "/uploads", "{\"filename\":\"\xFF\"}").status, 400);
  EXPECT_EQ(world.call("POST", "/uploads", std::string(100, '[') + std::string(100, ']')).status, 400);
  EXPECT_EQ(world.call("POST", "/uploads").status, 415);
  EXPECT_EQ(world.call("PUT", "/uploads", photo).status, 405);
}

}  // namespace
}  // namespace hoist::uploads
