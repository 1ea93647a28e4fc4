package evidence

import (
	"context"
	"database/sql"

	"tutela/fault"
	"tutela/hash/digest"
	"tutela/vault/db"
)

// manifests returns the chunk lists of exhibits larger than one chunk.
func manifests(ctx context.Context, q db.Queryer, ids []string) (map[string][]digest.ID, error) {
	type row struct {
		id     string
		chunks []byte
	}
	rows, err := db.CollectIn(ctx, q, func(r *sql.Rows) (m row, err error) { return m, r.Scan(&m.id, &m.chunks) },
		`SELECT exhibit, chunks FROM manifest WHERE exhibit IN (?*)`, ids)
	if err != nil {
		return nil, err
	}
	out := make(map[string][]digest.ID, len(rows))
	for _, m := range rows {
		if out[m.id], err = digest.Split(m.chunks); err != nil {
			return nil, fault.New(fault.Corrupt, "exhibit %s: %w", m.id, err)
		}
	}
	return out, nil
}
