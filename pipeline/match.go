package pipeline

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"path/filepath"
	"strings"

	"tutela/casework/cases"
	"tutela/casework/hashlists"
	"tutela/casework/matching"
	"tutela/casework/media"
	"tutela/fault"
	"tutela/hash/digest"
	"tutela/vault/audit"
	"tutela/vault/db"
)

// match compares items with the active hash lists, by digest and by
// fingerprint. Its things are items; it opens none.
func (l *Line) match(ctx context.Context, w *work) error {
	m, lists, err := l.current(ctx, w.q)
	if err != nil {
		return err
	}
	w.version += ", lists " + lists
	items, err := w.load(ctx)
	if err != nil {
		return err
	}
	var contents []digest.ID
	for _, i := range items {
		contents = append(contents, i.SHA256)
	}
	prints, err := media.Fingerprints(ctx, w.q, cases.ID(w.lease.Case), version(Fingerprint), contents...)
	if err != nil {
		return err
	}
	by := map[digest.ID][]media.Fingerprint{}
	for _, p := range prints {
		by[p.SHA256] = append(by[p.SHA256], p)
	}
	var subjects []matching.Subject
	var compared []media.ID
	for _, i := range items {
		if i.SHA256 == noDigest {
			continue
		}
		subjects = append(subjects, matching.SubjectOf(i, by[i.SHA256]))
		compared = append(compared, i.ID)
		w.result(i.ID, media.Done, "")
	}
	found, err := m.Match(ctx, w.q, subjects)
	if err != nil {
		l.forget(m)
		return err
	}
	w.puts = append(w.puts, func(ctx context.Context, dw *db.Writer) error {
		if now, err := activeLists(ctx, dw); err != nil || now != lists {
			return busy(err, "match: the lists have changed meanwhile")
		}
		return matching.Store(ctx, dw, compared, found)
	})
	return w.commit(ctx, audit.Combination, true)
}

func busy(err error, text string) error {
	if err != nil {
		return err
	}
	return fault.New(fault.Busy, "%s", text)
}

// current returns the matcher of the lists that are active now, and their name.
func (l *Line) current(ctx context.Context, q db.Queryer) (*matching.Matcher, string, error) {
	lists, err := activeLists(ctx, q)
	if err != nil {
		return nil, "", err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.matcher != nil && l.lists == lists {
		return l.matcher, lists, nil
	}
	m, err := matching.LoadKept(ctx, q, l.siteRow, filepath.Join(l.vault.Data(), "index", "pdq"))
	if err != nil {
		return nil, "", err
	}
	if nameLists(m.Lists()) != lists {
		return nil, "", busy(nil, "match: the lists are changing")
	}
	l.matcher, l.lists = m, lists
	return m, lists, nil
}

// forget drops a matcher that failed: the next one opens its index again, or makes
// it where it is damaged.
func (l *Line) forget(m *matching.Matcher) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.matcher == m {
		l.matcher = nil
	}
}

// activeLists names the set of lists that take part in matching.
func activeLists(ctx context.Context, q db.Queryer) (string, error) {
	names, err := hashlists.Names(ctx, q, hashlists.ForCases()...)
	return nameLists(names), err
}

func nameLists(ids []string) string {
	sum := sha256.Sum256([]byte(strings.Join(ids, "\n")))
	return hex.EncodeToString(sum[:6])
}
