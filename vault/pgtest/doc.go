// Package pgtest gives tests a real PostgreSQL: one server a test process,
// listening on a socket in a temporary folder only, and a fresh database for
// each call. It promises that the server ends with the test process, however
// that ends; it never touches a server that it did not start, except the one
// that TUTELA_TEST_PG names.
//
// TUTELA_TEST_PG=postgres://… names a running server to make databases in.
// TUTELA_REQUIRE_SERVERS=1 turns the skip for want of a server into a failure.
package pgtest
