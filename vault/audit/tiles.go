package audit

import (
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/mod/sumdb/tlog"

	"tutela/fault"
	"tutela/vault/db"
)

// tileHeight is C2SP's: 256 hashes a tile.
const tileHeight = 8

// ExportTiles writes the log at its newest checkpoint as C2SP tlog-tiles into a
// folder: hashes and commitments, no payloads. Full tiles that are there already
// are left; the checkpoint is written last.
func (l *Ledger) ExportTiles(ctx context.Context, q db.Queryer, dir string) error {
	h, err := readHead(ctx, q)
	if err != nil {
		return err
	}
	if h.size == 0 {
		return fault.New(fault.NotFound, "audit: the log is empty")
	}
	reader := hashReader(ctx, q)
	for _, t := range tlog.NewTiles(tileHeight, 0, h.size) {
		path := filepath.Join(dir, tilePath(t))
		if _, err := os.Stat(path); err == nil {
			continue
		}
		data, err := tlog.ReadTileData(t, reader)
		if err != nil {
			return fault.New(fault.Corrupt, "audit: export: %w", err)
		}
		if err := writeTile(path, data); err != nil {
			return err
		}
		if t.L == 0 {
			if err := exportEntries(ctx, q, dir, t); err != nil {
				return err
			}
		}
	}
	return writeTile(filepath.Join(dir, "checkpoint"), []byte(h.note))
}

// tilePath turns x/mod's "tile/8/L/N" into C2SP's "tile/L/N", and data tiles
// into "tile/entries/N".
func tilePath(t tlog.Tile) string {
	rest := strings.TrimPrefix(t.Path(), "tile/8/")
	return filepath.FromSlash("tile/" + strings.Replace(rest, "data/", "entries/", 1))
}

// exportEntries writes the entry bundle beside a tile of level 0.
func exportEntries(ctx context.Context, q db.Queryer, dir string, t tlog.Tile) error {
	first := t.N << tileHeight
	scan := func(r *sql.Rows) (b []byte, err error) { err = r.Scan(&b); return b, err }
	list, err := db.Collect(ctx, q, scan, `SELECT commitment FROM log_act WHERE idx >= ?1 AND idx < ?2 ORDER BY idx`,
		first, first+int64(t.W))
	if err != nil {
		return err
	}
	if len(list) != t.W {
		return fault.New(fault.Corrupt, "audit: export: entries are missing from %d on", first)
	}
	var data []byte
	for _, c := range list {
		data = append(binary.BigEndian.AppendUint16(data, uint16(len(c))), c...)
	}
	t.L = -1
	return writeTile(filepath.Join(dir, tilePath(t)), data)
}

func writeTile(path string, data []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fault.New(fault.Outside, "audit: export: %w", err)
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".tile-*")
	if err != nil {
		return fault.New(fault.Outside, "audit: export: %w", err)
	}
	_, err = f.Write(data)
	err = errors.Join(err, f.Chmod(0o644), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		os.Remove(f.Name())
		return fault.New(fault.Outside, "audit: export: %w", err)
	}
	return nil
}
