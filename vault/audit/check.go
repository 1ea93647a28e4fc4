package audit

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/hex"
	"fmt"
	"iter"

	"golang.org/x/mod/sumdb/tlog"

	"tutela/fault"
	"tutela/vault/audit/proof"
	"tutela/vault/db"
	"tutela/vault/internal/engine"
	"tutela/vault/keys"
)

// Problem is one thing in which log, rows and keys do not agree.
type Problem struct {
	Index int64  // entry of the log, −1 if it concerns none
	Act   string // "" if it concerns none
	What  string // in plain English, without content
}

// Check compares the whole log with itself, with its checkpoints (also those
// that somebody kept elsewhere: known, as signed notes) and with the rows of
// every logged table. It takes one pass over the log and one over the rows, and
// memory of about a hundred bytes a row. A log that grows meanwhile ends the
// check with a Busy error if rows then seem to differ.
func (l *Ledger) Check(ctx context.Context, known ...string) iter.Seq2[Problem, error] {
	return func(yield func(Problem, error) bool) {
		c := &checker{l: l, ctx: ctx, q: engine.Unlock(l.store.Raw()).Read(), view: l.ring.View(), yield: yield,
			rows: map[[16]byte]rowState{}, spans: map[int64]span{}}
		if err := c.run(known); err != nil && !c.stopped {
			yield(Problem{Index: -1}, err)
		}
	}
}

type checker struct {
	l       *Ledger
	ctx     context.Context
	q       db.Queryer
	view    *keys.View
	yield   func(Problem, error) bool
	stopped bool
	erased  map[string]map[int64]bool // by act
	edge    proof.Edge
	next    int64 // index of the next entry
	broken  bool  // an entry is missing: the tree cannot be followed further
	epoch   int64
	spans   map[int64]span
	roots   map[int64]proof.Hash // wanted by known checkpoints
	rows    map[[16]byte]rowState
}

// errStopped ends a check that nobody wants to hear more of.
var errStopped = fault.New(fault.Unknown, "audit: check: stopped")

func (c *checker) report(index int64, act, format string, args ...any) error {
	if c.stopped = c.stopped || !c.yield(Problem{index, act, fmt.Sprintf(format, args...)}, nil); c.stopped {
		return errStopped
	}
	return nil
}

func (c *checker) run(known []string) error {
	h, err := readHead(c.ctx, c.q)
	if err != nil {
		return err
	}
	if err := c.readErased(); err != nil {
		return err
	}
	want, err := c.openKnown(known)
	if err != nil {
		return err
	}
	extra, err := c.readLog(h)
	if err != nil {
		return err
	}
	if err := c.checkHead(h); err != nil {
		return err
	}
	if err := c.checkKnown(want); err != nil {
		return err
	}
	after, err := readHead(c.ctx, c.q)
	if err != nil {
		return err
	}
	if extra && after.size == h.size {
		if err := c.report(h.size, "", "the log has rows beyond its head"); err != nil {
			return err
		}
	}
	return c.checkRows(h.size)
}

func (c *checker) readErased() error {
	type row struct {
		act   string
		place int64
	}
	scan := func(r *sql.Rows) (x row, err error) { err = r.Scan(&x.act, &x.place); return x, err }
	list, err := db.Collect(c.ctx, c.q, scan, `SELECT erased_act, place FROM log_erased`)
	c.erased = map[string]map[int64]bool{}
	for _, x := range list {
		if c.erased[x.act] == nil {
			c.erased[x.act] = map[int64]bool{}
		}
		c.erased[x.act][x.place] = true
	}
	return err
}

// readLog follows the entries with the stored hashes and checkpoints beside
// them. It reports whether there was more than the head says.
func (c *checker) readLog(h head) (extra bool, err error) {
	hashes, stopHashes := iter.Pull2(storedHashes(c.ctx, c.q))
	defer stopHashes()
	notes, stopNotes := iter.Pull2(checkpoints(c.ctx, c.q))
	defer stopNotes()
	note, noteErr, more := notes()
	for s, err := range entries(c.ctx, c.q) {
		if err != nil {
			return false, err
		}
		if s.index >= h.size {
			return true, nil
		}
		if err := c.entry(s); err != nil {
			return false, err
		}
		if err := c.hashes(s, hashes); err != nil {
			return false, err
		}
		for more && noteErr == nil && note.size <= c.next {
			if err := c.checkpoint(note); err != nil {
				return false, err
			}
			note, noteErr, more = notes()
		}
	}
	if noteErr != nil {
		return false, noteErr
	}
	_, hashErr, moreHashes := hashes()
	return more || moreHashes, hashErr
}

// hashes extends the tree by an entry and compares what is stored for it.
func (c *checker) hashes(s stored, next func() (storedHash, error, bool)) error {
	if s.index != c.next || c.broken || len(s.commitment) != len(proof.Hash{}) {
		if !c.broken {
			c.broken = true
			return c.report(s.index, s.act, "the log is not complete before this entry")
		}
		return nil
	}
	edge, want := c.edge.Append(s.index, proof.Hash(s.commitment))
	first := tlog.StoredHashIndex(0, s.index)
	for i, w := range want {
		got, err, ok := next()
		if err != nil {
			return err
		}
		if !ok || got.id != first+int64(i) || !bytes.Equal(got.hash, w[:]) {
			c.broken = true
			return c.report(s.index, s.act, "a stored hash of the tree is not that of the entries")
		}
	}
	c.edge = edge
	c.next++
	if _, wanted := c.roots[c.next]; wanted {
		c.roots[c.next] = edge.Root()
	}
	return nil
}

func (c *checker) checkpoint(n storedNote) error {
	cp, err := openNote(c.view, n.note)
	switch {
	case err != nil:
		return c.report(n.size-1, "", "a stored checkpoint is not signed by the log")
	case !canonicalNote(cp, n.note) || cp.Size != n.size:
		return c.report(n.size-1, "", "a stored checkpoint has been altered")
	case n.size != c.next && !c.broken:
		return c.report(n.size-1, "", "a stored checkpoint stands in the wrong place")
	case !c.broken && cp.Root != c.edge.Root():
		return c.report(n.size-1, "", "the log is not the one that was signed at this checkpoint")
	}
	return nil
}

// canonicalNote reports whether a stored note holds one signature and nothing
// else.
func canonicalNote(cp proof.Checkpoint, note string) bool {
	rest, ok := bytes.CutPrefix([]byte(note), []byte(cp.Text()+"\n— "+cp.Origin+" "))
	return ok && bytes.Count(rest, []byte("\n")) == 1
}

func (c *checker) checkHead(h head) error {
	if c.broken {
		return nil
	}
	cp, err := openNote(c.view, h.note)
	same := len(h.edge) == len(c.edge)
	for i := range c.edge {
		same = same && h.edge[i] == c.edge[i]
	}
	switch {
	case h.size != c.next:
		return c.report(-1, "", "the head says %d entries, there are %d", h.size, c.next)
	case h.size == 0:
		return nil
	case err != nil || !canonicalNote(cp, h.note):
		return c.report(-1, "", "the newest checkpoint is not signed by the log")
	case !same || cp.Size != h.size || cp.Root != c.edge.Root():
		return c.report(-1, "", "the head is not that of the entries")
	}
	_, found, err := db.One(c.ctx, c.q, scanNote, `SELECT size, note FROM log_checkpoint WHERE size = ?1 AND note = ?2`, h.size, h.note)
	if err == nil && !found {
		return c.report(-1, "", "the newest checkpoint is not among those kept")
	}
	return err
}

func (c *checker) openKnown(known []string) ([]proof.Checkpoint, error) {
	var out []proof.Checkpoint
	c.roots = map[int64]proof.Hash{}
	for _, note := range known {
		cp, err := openNote(c.view, note)
		if err != nil {
			return nil, err
		}
		c.roots[cp.Size] = proof.Hash{}
		out = append(out, cp)
	}
	return out, nil
}

func (c *checker) checkKnown(known []proof.Checkpoint) error {
	for _, cp := range known {
		var err error
		switch {
		case cp.Size == 0 || c.restored(cp):
		case cp.Size > c.next:
			err = c.report(-1, "", "the log has %d entries, a checkpoint kept elsewhere %d: it was rolled back", c.next, cp.Size)
		case cp.Size <= c.next && cp.Root != c.roots[cp.Size]:
			err = c.report(-1, "", "the log is not the one of a checkpoint kept elsewhere (size %d)", cp.Size)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// span is what the first act of an epoch says of the one before.
type span struct {
	start int64 // index of that act
	lost  int64 // size of the last checkpoint known of the old epoch
}

// restored reports whether a checkpoint lies in what a restore has openly lost:
// beyond the backup, not beyond what the act "log.epoch" names.
func (c *checker) restored(cp proof.Checkpoint) bool {
	epochs := c.view.Epochs()
	for i, e := range epochs[1:] {
		if keys.OriginOf(c.view.SiteID(), epochs[i].N) == cp.Origin && e.Reason == keys.Restored {
			s, ok := c.spans[e.N]
			return ok && cp.Size > s.start && cp.Size <= s.lost
		}
	}
	return false
}

// newEpoch notes the beginning of an epoch.
func (c *checker) newEpoch(s stored, h proof.Header) {
	n := span{start: s.index}
	if cp, err := openNote(c.view, h.Detail["checkpoint"]); err == nil && h.Verb == "log.epoch" {
		n.lost = cp.Size
	}
	c.spans[h.Epoch] = n
}

// entry checks one entry against itself, the keyring and its items.
func (c *checker) entry(s stored) error {
	if s.header == nil {
		if !c.erased[s.act][-1] || s.items != nil || s.signature != nil || s.salt != nil || s.at.Valid || s.class.Valid ||
			s.verb.Valid || s.caseID.Valid || s.object.Valid || s.actor.Valid {
			return c.report(s.index, s.act, "the header is missing and no act has erased it")
		}
		return nil
	}
	h, what := c.header(s)
	if what != "" {
		return c.report(s.index, s.act, "%s", what)
	}
	return c.items(s, h)
}

// header checks commitment, signature and the columns that repeat the header.
func (c *checker) header(s stored) (proof.Header, string) {
	h, err := proof.ParseHeader(s.header)
	if err != nil {
		return h, "the header has been altered"
	}
	if len(s.salt) != proof.SaltSize {
		return h, "the salt has been altered"
	}
	commitment := proof.Commit([proof.SaltSize]byte(s.salt), s.header, s.signature)
	m, member := c.view.Find(h.Actor)
	epochs := c.view.Epochs()
	switch {
	case !bytes.Equal(commitment[:], s.commitment):
		return h, "the commitment is not that of header, salt and signature"
	case !member:
		return h, "the actor is not in the keyring"
	case !proof.VerifyAct(m.Key, s.header, s.signature):
		return h, "the actor's signature is wrong"
	case h.Act != s.act || !s.at.Valid || h.Time != s.at.Int64 || !same(s.class, h.Class) || !same(s.verb, h.Verb) ||
		!same(s.caseID, h.Case) || !same(s.object, h.Object) || !same(s.actor, h.Actor):
		return h, "a column that repeats the header has been altered"
	case h.Site != c.view.SiteID() || h.Epoch < c.epoch || h.Epoch > epochs[len(epochs)-1].N:
		return h, "the act is of another site or epoch"
	}
	if h.Epoch != c.epoch {
		c.newEpoch(s, h)
	}
	c.epoch = h.Epoch
	return h, ""
}

func same(column sql.NullString, want string) bool { return column.Valid && column.String == want }

// items checks the item tree and takes over what the items say of rows.
func (c *checker) items(s stored, h proof.Header) error {
	frames, err := decodeFrames(s.items)
	if err != nil || (h.Depth == 0) != (s.items == nil) || (s.items != nil && len(s.seed) != proof.SaltSize) {
		return c.report(s.index, s.act, "the items have been altered")
	}
	var seed [proof.SaltSize]byte
	copy(seed[:], s.seed)
	tree, err := proof.NewTree(seed, leaves(frames))
	if err != nil {
		return c.report(s.index, s.act, "the items have been altered")
	}
	if root := tree.Root(); hex.EncodeToString(root[:]) != h.Root || tree.Depth() != h.Depth {
		return c.report(s.index, s.act, "the items are not those that were signed")
	}
	for i, f := range frames {
		if f.erased && !c.erased[s.act][int64(i)] {
			err = c.report(s.index, s.act, "item %d is missing and no act has erased it", i)
		} else if !f.erased {
			err = c.take(s, f.item)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
