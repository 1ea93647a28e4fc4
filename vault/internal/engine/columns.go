package engine

import (
	"context"
	"database/sql"
	"strings"

	"tutela/fault"
)

// Kind is the type of a column: one of the four of the portable subset.
type Kind byte

// The kinds.
const (
	Text  Kind = iota + 1 // TEXT: valid UTF-8 without NUL
	Int                   // BIGINT
	Bool                  // BOOLEAN
	Bytes                 // BYTEA
)

// String returns the SQL name of the kind.
func (k Kind) String() string {
	switch k {
	case Text:
		return "TEXT"
	case Int:
		return "BIGINT"
	case Bool:
		return "BOOLEAN"
	case Bytes:
		return "BYTEA"
	}
	return "?"
}

func kindOf(declared string) Kind {
	switch strings.ToUpper(declared) {
	case "TEXT":
		return Text
	case "BIGINT":
		return Int
	case "BOOLEAN":
		return Bool
	case "BYTEA":
		return Bytes
	}
	return 0
}

// Columns returns the declared kinds of the columns of every table; 0 stands
// for a type outside the portable subset.
func (d *DB) Columns(ctx context.Context) (map[string]map[string]Kind, error) {
	query := `SELECT m.name, c.name, c.type FROM sqlite_schema m, pragma_table_info(m.name) c WHERE m.type = 'table'`
	if d.Dialect == Postgres {
		query = `SELECT table_name::text, column_name::text, data_type::text FROM information_schema.columns
			WHERE table_schema = current_schema()`
	}
	rows, err := d.Write.QueryContext(ctx, query)
	if err != nil {
		return nil, Classify(ctx, "read the schema", err)
	}
	defer rows.Close()
	all := map[string]map[string]Kind{}
	for rows.Next() {
		var table, column string
		var declared sql.NullString
		if err := rows.Scan(&table, &column, &declared); err != nil {
			return nil, Classify(ctx, "read the schema", err)
		}
		if all[table] == nil {
			all[table] = map[string]Kind{}
		}
		all[table][column] = kindOf(declared.String)
	}
	if err := rows.Err(); err != nil {
		return nil, fault.New(fault.Outside, "db: read the schema: %w", err)
	}
	return all, nil
}
