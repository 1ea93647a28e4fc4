package evidence

import (
	"context"
	"database/sql"

	"tutela/hash/digest"
	"tutela/vault/db"
)

// Mode says where the content of an exhibit is.
type Mode string

// The modes.
const (
	Copy    Mode = "copy"    // encrypted in the store
	InPlace Mode = "inplace" // where it was found, verified on every read
)

// States of acquisitions and exhibits.
const (
	Open   = "open"   // an acquisition that is under way
	Closed = "closed" // an acquisition that is complete
	Held   = "sealed" // an exhibit
	Erased = "erased" // an exhibit whose content and personal data are gone
)

// Acquisition says how a set of exhibits came in. Times are µs UTC.
type Acquisition struct {
	ID, Case  string
	Host      string // machine that sealed
	Source    string // absolute path there
	Mode      Mode
	Officer   string // key id
	FromWhom  string
	Device    string
	Method    string
	Zone      string // of the device, "" = unknown
	Note      string
	Authority string // "" = what covers the case; an authorisation's id; "none" = only one that names the exhibits
	Protected bool
	State     string // Open or Closed
	Opened    int64
	Closed    int64 // 0 while open
}

// NoAuthority as the authority of an acquisition leaves its exhibits held
// until an authorisation names them.
const NoAuthority = "none"

// Exhibit is one sealed file. The digests of an erased one are zero.
type Exhibit struct {
	ID, Case, Acquisition string
	Name                  string // file name as found
	Path                  string // below the source of the acquisition, with "/"; "" for a single file
	RawPath               []byte // the exact bytes of Path where it is not UTF-8, else nil
	Size                  int64
	MD5                   [16]byte
	SHA1                  [20]byte
	SHA256, Root          digest.ID
	Blob                  string // name of the content in the store; "" in place
	Mode                  Mode
	Host                  string
	Modified              int64 // ns UTC as the file system said; not a time of the evidence itself
	Protected             bool  // the source is protected
	Risk                  bool  // a child may be at risk now
	State                 string
	Quarantine            string // reason, "" = not in quarantine
	Sealed                int64  // µs UTC
}

// Digests returns the exhibit's digests without the chunks.
func (e Exhibit) Digests() digest.Set {
	return digest.Set{Size: e.Size, MD5: e.MD5, SHA1: e.SHA1, SHA256: e.SHA256, Root: e.Root}
}

// Finding is something that could not be sealed as it is.
type Finding struct {
	ID, Case, Acquisition string
	Path                  string // below the source
	Code                  string // one of the codes below
	Detail                string
}

// Codes of findings of sealing.
const (
	FindSymlink    = "seal.symlink"    // a symbolic link, recorded with its target and not followed
	FindSpecial    = "seal.special"    // a device, pipe or socket
	FindUnreadable = "seal.unreadable" // cannot be opened or read
	FindChanged    = "seal.changed"    // changed while it was read, twice
	FindName       = "seal.name"       // a name that is not UTF-8: kept as it could be written
)

// Query selects exhibits.
type Query struct {
	Case          string
	Acquisition   string // "" = all
	Protected     bool   // show exhibits of protected sources too
	Limit, Offset int    // 0 = no limit
}

// Exhibits lists exhibits, child at risk first, then in the order of the
// acquisitions and paths. Protected ones are left out unless asked for.
func Exhibits(ctx context.Context, q db.Queryer, o Query) ([]Exhibit, error) {
	limit := int64(o.Limit)
	if limit == 0 {
		limit = 1 << 60
	}
	return db.Collect(ctx, q, scanExhibit, selectExhibit+`WHERE case_id = ?1 AND (?2 = '' OR acquisition = ?2) AND (?3 OR NOT protected)
		ORDER BY risk DESC, acquisition, path, id LIMIT ?4 OFFSET ?5`, o.Case, o.Acquisition, o.Protected, limit, int64(o.Offset))
}

// ByID returns the exhibits with the given ids, in no order.
func ByID(ctx context.Context, q db.Queryer, ids ...string) ([]Exhibit, error) {
	return db.CollectIn(ctx, q, scanExhibit, selectExhibit+`WHERE id IN (?*)`, ids)
}

// Acquisitions lists the acquisitions of a case in the order of time.
// Those that were sealed as protected are left out unless asked for. What
// officers marked later stands in the marks of the case, which this floor does
// not know: who shows acquisitions leaves out those of marked exhibits.
func Acquisitions(ctx context.Context, q db.Queryer, caseID string, protected bool) ([]Acquisition, error) {
	return db.Collect(ctx, q, scanAcquisition, selectAcquisition+`WHERE case_id = ?1 AND (?2 OR NOT protected) ORDER BY opened_us, id`,
		caseID, protected)
}

// Findings lists what could not be sealed in a case.
func Findings(ctx context.Context, q db.Queryer, caseID string, protected bool) ([]Finding, error) {
	return db.Collect(ctx, q, scanFinding, selectFinding+`WHERE case_id = ?1 AND (?2 OR acquisition NOT IN
		(SELECT id FROM acquisition WHERE case_id = ?1 AND protected)) ORDER BY acquisition, path, code`, caseID, protected)
}

// Totals of a case.
type Totals struct {
	Exhibits, Bytes, Quarantined, Erased int64
	Risk                                 int64 // exhibits marked "child at risk now"
}

// Count returns the totals of a case. Protected exhibits count only when asked
// for.
func Count(ctx context.Context, q db.Queryer, caseID string, protected bool) (Totals, error) {
	t, _, err := db.One(ctx, q, func(r *sql.Rows) (t Totals, err error) {
		return t, r.Scan(&t.Exhibits, &t.Bytes, &t.Quarantined, &t.Erased, &t.Risk)
	}, `SELECT COUNT(*), CAST(COALESCE(SUM(size), 0) AS BIGINT), CAST(COALESCE(SUM(CASE WHEN quarantine <> '' THEN 1 ELSE 0 END), 0) AS BIGINT),
		CAST(COALESCE(SUM(CASE WHEN state = 'erased' THEN 1 ELSE 0 END), 0) AS BIGINT),
		CAST(COALESCE(SUM(CASE WHEN risk THEN 1 ELSE 0 END), 0) AS BIGINT) FROM exhibit WHERE case_id = ?1 AND (?2 OR NOT protected)`, caseID, protected)
	return t, err
}
