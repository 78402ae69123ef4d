#include "net/language.hpp"

#include <gtest/gtest.h>

namespace hoist::net {
namespace {

using enum Language;

TEST(ChooseLanguage, TakesTheHeaviestThatItSpeaks) {
  EXPECT_EQ(choose_language("es", english), spanish);
  EXPECT_EQ(choose_language("de-CH, pt-BR;q=0.8, en;q=0.7", english), portuguese);
  EXPECT_EQ(choose_language("en;q=0.5,ES-pe ; q=0.9", english), spanish);
  EXPECT_EQ(choose_language("pt, es", english), portuguese) << "of the same weight, the first";
  EXPECT_EQ(choose_language("es;q=0, pt;q=0.001", english), portuguese);
}

TEST(ChooseLanguage, FallsBackWhenNothingFits) {
  for (auto const* header : {"", "de", "es;q=0", "es;q=2", "es;level=1", ";;,,", "*", "español"})
    EXPECT_EQ(choose_language(header, portuguese), portuguese) << header;
  EXPECT_EQ(choose_language("*;q=0.1, es;q=0.2", portuguese), spanish);
}

TEST(WithLanguage, TouchesSentencesOnly) {
  EXPECT_EQ(with_language(R"({"a":1.50,"error":{"code":"x","message":"There is no such upload."}})", spanish),
            R"({"a":1.50,"error":{"code":"x","message":"No existe tal archivo."}})");
  EXPECT_EQ(with_language(R"({"filename":"There is no such upload.","detail":null,"reason":["is required"]})",
                          spanish),
            R"({"filename":"There is no such upload.","detail":null,"reason":["is required"]})");
  EXPECT_EQ(
      with_language(R"({"metadata":{"message":"is required","x":"}\\"},"message":"is required"})", spanish),
      R"({"metadata":{"message":"is required","x":"}\\"},"message":"es obligatorio"})");
  EXPECT_EQ(with_language(R"({"message":"Files of this type are not taken here: \"a\" (b)."})", portuguese),
            R"({"message":"Arquivos deste tipo não são aceitos aqui: \"a\" (b)."})");
  EXPECT_EQ(with_language(R"({"message":"is required"})", english), R"({"message":"is required"})");
}

TEST(ErrorsInALanguage, SayTheFirstFieldAndHowManyMore) {
  auto const error = invalid_fields({{"size", "is required"}, {"name", "must not be empty"}}).error();
  auto const said = in_language(spanish, error);
  EXPECT_EQ(said.detail(), "size es obligatorio. Hay 1 campos más con errores.");
  EXPECT_EQ(said.fields()[1].reason, "no puede estar vacío");
  EXPECT_EQ(said.code(), error.code());
}

TEST(ErrorsInALanguage, AreWhollyInEnglishWhereASentenceIsKnownInNoOther) {
  auto const known =
      invalid_fields({{"title", "is required"}, {"due_date", "must be true or false"}}).error();
  EXPECT_EQ(language_for(spanish, known), spanish);
  auto const half = invalid_fields({{"title", "is required"}, {"name", "is of a kind nobody knows"}}).error();
  EXPECT_EQ(language_for(spanish, half), english);
  EXPECT_EQ(language_for(portuguese, Error{Code::conflict, "The task is done already."}), portuguese);
  EXPECT_EQ(language_for(portuguese, Error{Code::conflict, "Nobody has said this."}), english);
  for (auto code = 0; code < static_cast<int>(Code::count_); ++code)
    EXPECT_EQ(language_for(spanish, Error{static_cast<Code>(code)}), spanish) << code;
}

TEST(ErrorsInALanguage, KeepWhatProgramsRead) {
  auto const error = Error{Code::storage_full, "The server's storage is full. Try again when there is space."}
                         .with_slug("full")
                         .with_retry_after(30);
  auto const said = in_language(portuguese, error);
  EXPECT_EQ(said.detail(), "O armazenamento do servidor está cheio. Tente quando houver espaço.");
  EXPECT_EQ(said.slug(), "full");
  EXPECT_EQ(said.retry_after_s(), 30U);
}

}  // namespace
}  // namespace hoist::net
