// Package sqlite reads the live rows of tables in foreign SQLite 3 files, page by
// page, without SQLite: no statement of the file is ever run. It promises bounded
// memory, an end on any file, and an error with the page where the file is
// damaged; it never writes, never follows a journal beside the file, and reads
// neither indexes nor tables without row ids.
package sqlite
