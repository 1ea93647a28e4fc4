// Package evidence seals: an acquisition becomes exhibits with digests,
// custody and, by copy, encrypted content. It promises that content is given
// out only for a sealed exhibit that a valid authorisation covers, and only
// bytes that are what was sealed; it never looks inside.
package evidence

import (
	"io"
	"time"

	"tutela/vault/blob"
	"tutela/vault/db"
	"tutela/vault/internal/engine"
)

// Room is the evidence room of a site.
type Room struct {
	rows  *db.Store
	blobs *blob.Store
	key   []byte // keys derived ids
	host  string
	now   func() time.Time
	rand  io.Reader
}

// New returns the room. siteRow is the site's row key, host the name of this
// machine (in-place exhibits can be read on their own host only).
func New(rows *db.Store, blobs *blob.Store, siteRow []byte, host string, now func() time.Time, rand io.Reader) *Room {
	return &Room{rows: rows, blobs: blobs, key: siteRow, host: host, now: now, rand: rand}
}

// Host returns the name of this machine as exhibits carry it.
func (r *Room) Host() string { return r.host }

// Blobs returns the content store.
func (r *Room) Blobs() *blob.Store { return r.blobs }

// reader reads rows that this package needs to do what it was asked. What is
// given to a caller is covered by an act of the caller.
func (r *Room) reader() *db.Reader { return engine.Unlock(r.rows.Raw()).Read() }

// micros returns the time now in microseconds of UTC.
func (r *Room) micros() int64 { return r.now().UnixMicro() }
