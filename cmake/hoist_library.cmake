# hoist_library(<name> SOURCES ... DEPS ... [LINK ...] [TESTS ...])
#
# Defines the library hoist::<name> and, when TESTS are given, the test programs' target
# hoist_<name>_test. DEPS are our own libraries and are also the layering rule: tools/tidy reads
# every #include and fails if it needs a library that is not listed here. LINK are outside
# libraries. TEST_ENGINES: the tests run over the memory engine, too. A folder with slashes in its name ("adapters/sqlite") gives hoist::adapters_sqlite.
function(hoist_library name)
  cmake_parse_arguments(ARG "TEST_ENGINES" "" "SOURCES;DEPS;LINK;TESTS;TEST_DEPS" ${ARGN})
  string(REPLACE "/" "_" name ${name})
  set(target hoist_${name})
  if(ARG_SOURCES)
    add_library(${target} STATIC ${ARG_SOURCES})
    set(scope PUBLIC)
  else()
    add_library(${target} INTERFACE)
    set(scope INTERFACE)
  endif()
  add_library(hoist::${name} ALIAS ${target})
  target_include_directories(${target} ${scope} ${CMAKE_SOURCE_DIR}/src)
  list(TRANSFORM ARG_DEPS PREPEND hoist::)
  target_link_libraries(${target} ${scope} ${ARG_DEPS} ${ARG_LINK})
  if(ARG_TESTS AND HOIST_TESTS)
    list(TRANSFORM ARG_TEST_DEPS PREPEND hoist::)
    hoist_test(${target}_test SOURCES ${ARG_TESTS} LINK hoist::${name} ${ARG_TEST_DEPS})
    if(ARG_TEST_ENGINES)
      gtest_discover_tests(${target}_test TEST_PREFIX "memory_engine." NO_PRETTY_VALUES
                           DISCOVERY_MODE PRE_TEST DISCOVERY_TIMEOUT 60
                           PROPERTIES TIMEOUT 600 ENVIRONMENT HOIST_TEST_ENGINE=memory)
    endif()
  endif()
endfunction()

# hoist_test(<target> SOURCES ... [LINK ...]): a GoogleTest program, one ctest entry per test.
function(hoist_test target)
  cmake_parse_arguments(ARG "" "TIMEOUT" "SOURCES;LINK;LABELS" ${ARGN})
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 120)
  endif()
  if(HOIST_SANITIZE)
    math(EXPR ARG_TIMEOUT "${ARG_TIMEOUT} * 5")  # sanitizers make tests that much slower
  endif()
  add_executable(${target} ${ARG_SOURCES})
  target_include_directories(${target} PRIVATE ${CMAKE_SOURCE_DIR}/tests)
  target_link_libraries(${target} PRIVATE ${ARG_LINK} GTest::gtest_main GTest::gtest)
  gtest_discover_tests(${target} NO_PRETTY_VALUES DISCOVERY_MODE PRE_TEST DISCOVERY_TIMEOUT 60
                       PROPERTIES TIMEOUT ${ARG_TIMEOUT} LABELS "${ARG_LABELS}")
endfunction()

# hoist_postgres_test(<target> SOURCES ... [LINK ...]): one ctest entry for all tests of a program, because they
# share a PostgreSQL server of its own. Skipped where none is installed.
function(hoist_postgres_test target)
  cmake_parse_arguments(ARG "" "TIMEOUT" "SOURCES;LINK" ${ARGN})
  if(HOIST_SANITIZE)
    math(EXPR ARG_TIMEOUT "${ARG_TIMEOUT} * 5")
  endif()
  add_executable(${target} ${ARG_SOURCES} ${CMAKE_SOURCE_DIR}/tests/support/postgres_main.cpp)
  target_include_directories(${target} PRIVATE ${CMAKE_SOURCE_DIR}/tests)
  target_link_libraries(${target} PRIVATE ${ARG_LINK} hoist::test_postgres GTest::gtest)
  add_test(NAME ${target} COMMAND ${target} --gtest_brief=1)
  set_tests_properties(${target} PROPERTIES TIMEOUT ${ARG_TIMEOUT} SKIP_RETURN_CODE 77)
endfunction()

# hoist_fuzz(<name> SOURCES ... LINK ...): with HOIST_FUZZ a libFuzzer program; otherwise the same
# body replays its seeds (tests/fuzz/seeds/<name>) as one ctest, so that no target can rot.
function(hoist_fuzz name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINK" ${ARGN})
  set(target fuzz_${name})
  if(HOIST_FUZZ)
    add_executable(${target} ${ARG_SOURCES})
    target_link_options(${target} PRIVATE -fsanitize=fuzzer)
  else()
    add_executable(${target} ${ARG_SOURCES} ${CMAKE_SOURCE_DIR}/tests/fuzz/replay_main.cpp)
    add_test(NAME fuzz_replay.${name}
             COMMAND ${target} ${CMAKE_SOURCE_DIR}/tests/fuzz/seeds/${name})
  endif()
  target_link_libraries(${target} PRIVATE ${ARG_LINK})
  if(NOT TARGET fuzz_all)
    add_custom_target(fuzz_all)
  endif()
  add_dependencies(fuzz_all ${target})
endfunction()
