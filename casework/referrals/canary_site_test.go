package referrals_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tutela/casework/cases"
	"tutela/casework/hashlists"
	"tutela/casework/matching"
	"tutela/casework/media"
	"tutela/casework/referrals"
	"tutela/casework/staff"
	"tutela/format/hashlist"
	"tutela/hash/digest"
	"tutela/vault"
	"tutela/vault/audit"
	"tutela/vault/db"
	"tutela/vault/evidence"
	"tutela/vault/ids"
	"tutela/vault/vaulttest"
)

// canarySite is a real vault that worlds are written into.
type canarySite struct {
	t        testing.TB
	v        *vault.Vault
	site     vaulttest.Site
	room     *referrals.Room
	second   *vault.Vault // in the hands of the officer who approves
	officers []*canary    // and other values of the site that no package holds
	lists    int
	used     map[string]bool // by the site itself
}

// openCanarySite founds a site at a database ("" = SQLite), with two officers,
// its own agency and foreign ones.
func openCanarySite(t testing.TB, url string, seed uint64) *canarySite {
	t.Helper()
	used := map[string]bool{}
	w := newWorld(-1, seed, used)
	w.canaries = nil
	_, site := vaulttest.OpenAt(t, url, schemas()...)
	site.Options.Host = w.secret("name of the machine")
	v := vaulttest.Reopen(t, site, site.Options.Actor)
	second := vaulttest.AddOfficer(t, v, "Second Officer")
	s := &canarySite{t: t, v: v, site: site, used: used, room: referrals.New(v, nil), second: vaulttest.Reopen(t, site, second)}
	s.do("staff.add", func(ctx context.Context, dw *db.Writer) error {
		me, other := staff.ID(v.Desk.KeyID()), staff.ID(second.KeyID())
		err := staff.PutOfficers(ctx, dw,
			staff.Officer{ID: me, Name: w.secret("name of an officer"), Roles: []staff.Role{staff.Investigator}, State: staff.Active, Since: 1},
			staff.Officer{ID: other, Name: w.secret("name of an officer"), Roles: []staff.Role{staff.Supervisor}, State: staff.Active, Since: 1})
		if err != nil {
			return err
		}
		all := []staff.Agency{{ID: "own", Name: "Example Unit", Country: "NL", Own: true, Channel: "siena", Address: w.secret("address"), State: staff.Active}}
		for n, c := range canaryCountries() {
			all = append(all, staff.Agency{ID: staff.AgencyID(fmt.Sprint("a", n)), Name: w.secret("name of an agency"), Country: c,
				Channel: "e-mail", Address: w.secret("address"), State: staff.Active})
		}
		return staff.PutAgencies(ctx, dw, all...)
	})
	s.officers = w.canaries
	return s
}

func (s *canarySite) do(verb string, fn func(context.Context, *db.Writer) error) {
	s.t.Helper()
	ctx := s.t.Context()
	_, err := s.v.Desk.Do(ctx, audit.Act{Class: audit.Collection, Verb: verb, Why: "test"}, func(w *db.Writer) error { return fn(ctx, w) })
	if err != nil {
		s.t.Fatalf("%s: %v", verb, err)
	}
}

func (s *canarySite) look() *db.Reader {
	s.t.Helper()
	q, err := s.v.Desk.Consult(s.t.Context(), audit.Act{Verb: "test.look", Why: "test"})
	if err != nil {
		s.t.Fatal(err)
	}
	return q
}

func (s *canarySite) newID() string {
	id, err := ids.New(s.v.Clock(), s.v.Rand)
	if err != nil {
		s.t.Fatal(err)
	}
	return id
}

func (s *canarySite) row() []byte   { return s.v.Keys.Site.Row }
func (s *canarySite) me() staff.ID  { return staff.ID(s.v.Desk.KeyID()) }
func (s *canarySite) actor() string { return s.v.Desk.KeyID() }
func (s *canarySite) other() string { return s.second.Desk.KeyID() }
func hexOf(b []byte) string         { return hex.EncodeToString(b) }

func mustAll(t testing.TB, errs ...error) {
	t.Helper()
	for _, err := range errs {
		if err != nil {
			t.Fatal(err)
		}
	}
}

// write writes worlds: cases, exhibits, and everything that was read of them.
func (s *canarySite) write(worlds ...*world) {
	s.t.Helper()
	s.do("case.open", func(ctx context.Context, dw *db.Writer) error {
		for _, w := range worlds {
			if err := s.openCase(ctx, dw, w); err != nil {
				return err
			}
		}
		return nil
	})
	filled := make([]*filling, len(worlds))
	for n, w := range worlds {
		filled[n] = s.seal(w)
	}
	s.do("case.fill", func(ctx context.Context, dw *db.Writer) error {
		for _, f := range filled {
			if err := f.put(ctx, dw); err != nil {
				return err
			}
		}
		return nil
	})
	s.match(filled)
	for _, f := range filled {
		f.intake.Abort()
		f.rememberIDs()
	}
}

func (s *canarySite) openCase(ctx context.Context, dw *db.Writer, w *world) error {
	w.id = cases.ID(s.newID())
	authority := w.basis.String() + " " + w.authority
	k := cases.Case{ID: w.id, Title: w.title, Agency: "own", Authority: authority, Purpose: w.purpose, Operation: w.operation,
		State: cases.Open, Opened: s.v.Now()}
	if err := cases.Put(ctx, dw, k); err != nil {
		return err
	}
	if err := s.v.Keys.Cases.New(ctx, dw, string(w.id), s.v.Now(), s.actor(), s.other()); err != nil {
		return err
	}
	for _, id := range []string{s.actor(), s.other()} {
		if err := cases.PutMembers(ctx, dw, cases.Member{Case: w.id, Officer: staff.ID(id), Since: 1}); err != nil {
			return err
		}
	}
	_, err := s.v.Evidence.Authorise(ctx, dw, evidence.Authorisation{Case: string(w.id), Issuer: authority, Reference: w.basis.String(),
		From: 1, RecordedBy: s.actor(), Covers: evidence.Covers{All: true}})
	return err
}

// seal writes the files of a world to a disk and seals them.
func (s *canarySite) seal(w *world) *filling {
	s.t.Helper()
	ctx, root := s.t.Context(), s.t.TempDir()
	file := func(of *seized, name string, data []byte) {
		dir := filepath.Join(root, of.acquisition(), of.folder)
		mustAll(s.t, os.MkdirAll(dir, 0o700), os.WriteFile(filepath.Join(dir, name), data, 0o600))
	}
	for _, e := range w.exports {
		file(&e.seized, e.name(), []byte(e.chat()))
	}
	for _, m := range w.mails {
		file(&m.seized, m.name(), []byte(m.mail()))
	}
	for _, p := range w.photos() {
		if p.apart && !p.missing {
			file(p.of, p.file(), p.data)
		}
	}
	f := &filling{canarySite: s, w: w, exhibits: map[string]evidence.Exhibit{}}
	for _, a := range []string{"seized", "source", "held"} {
		path := filepath.Join(root, a)
		if _, err := os.Stat(path); err != nil {
			continue
		}
		o := evidence.Order{Case: string(w.id), Path: path, Protected: a == "source", FromWhom: w.secret("from whom it was seized"),
			Device: w.secret("device"), Method: w.secret("method"), Note: w.secret("note on an acquisition"), Why: w.secret("reason of an act")}
		if a == "held" {
			o.Authority = evidence.NoAuthority
		}
		_, err := s.v.Evidence.Seal(ctx, s.v.Desk, o)
		must(s.t, err)
	}
	all, err := evidence.Exhibits(ctx, s.look(), evidence.Query{Case: string(w.id), Protected: true})
	must(s.t, err)
	for _, e := range all {
		f.exhibits[e.Name] = e
	}
	f.takeIn()
	return f
}

// mail writes a letter as a mail program does.
func (m *letter) mail() string {
	var b strings.Builder
	fmt.Fprintf(&b, "From: %s <%s>\r\nTo: unit@police.example\r\nSubject: %s\r\n\r\n%s\r\n", m.display.value, m.sender.value, m.subject, m.said)
	return b.String()
}

// photos are all pictures of the world.
func (w *world) photos() []*photo {
	var all []*photo
	for _, e := range w.exports {
		for _, l := range e.lines {
			if l.photo != nil {
				all = append(all, l.photo)
			}
		}
	}
	for _, m := range w.mails {
		if m.photo != nil {
			all = append(all, m.photo)
		}
	}
	return all
}

// takeIn keeps the pictures that are members of exhibits.
func (f *filling) takeIn() {
	ctx := f.t.Context()
	intake, err := f.v.Evidence.TakeIn(ctx, string(f.w.id))
	must(f.t, err)
	f.intake = intake
	for _, p := range f.w.photos() {
		if p.missing {
			continue
		}
		if e, ok := f.exhibits[p.file()]; ok && p.apart {
			p.exhibit = e.ID
			continue
		}
		m, _, err := intake.Add(bytes.NewReader(p.data))
		must(f.t, err)
		m.Exhibit = f.exhibits[p.of.name()].ID
		m.ID = string(media.ItemID(f.row(), m.Exhibit, p.path(), 0))
		f.members = append(f.members, m)
	}
	must(f.t, intake.Commit(ctx))
}

func (p *photo) path() string { return p.of.name() + ".zip › " + p.folder + " › " + p.file() }

// match imports a list of what was sent, with terms, and matches the cases.
func (s *canarySite) match(filled []*filling) {
	s.t.Helper()
	w := filled[0].w
	var b strings.Builder
	b.WriteString("sha256,category,id\n")
	for _, f := range filled {
		for _, p := range f.w.photos() {
			if d := sha256.Sum256(p.data); p.listed && !p.missing {
				fmt.Fprintf(&b, "%x,A1,%s\n", d, strings.ReplaceAll(w.open("id at the source of a list", nobody), ",", ""))
			}
		}
	}
	s.lists++
	doc := b.String()
	l := hashlists.List{ID: hashlists.ID(s.newID()), Source: "Example Source", Version: fmt.Sprint(s.lists), Purpose: hashlists.CSAM,
		Terms: w.secret("terms of a list"), Recipients: w.secret("recipients of a list"), Officer: s.me(), At: 5,
		Document: digest.ID(sha256.Sum256([]byte(doc)))}
	if strings.Count(doc, "\n") < 2 {
		return
	}
	s.do("hashlist.import", func(ctx context.Context, dw *db.Writer) error {
		_, _, err := hashlists.Import(ctx, dw, l, strings.NewReader(doc), hashlist.Options{})
		return err
	})
	q := s.look()
	m, err := matching.Load(s.t.Context(), q, s.row())
	must(s.t, err)
	s.do("match", func(ctx context.Context, dw *db.Writer) error {
		for _, f := range filled {
			var subjects []matching.Subject
			var of []media.ID
			for _, i := range f.items {
				subjects, of = append(subjects, matching.SubjectOf(i, nil)), append(of, i.ID)
			}
			found, err := m.Match(ctx, dw, subjects)
			if err != nil {
				return err
			}
			if err := matching.Store(ctx, dw, of, found); err != nil {
				return err
			}
		}
		return nil
	})
}
