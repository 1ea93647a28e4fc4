package referrals_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"tutela/casework/cases"
	"tutela/casework/casetest"
	"tutela/casework/chats"
	"tutela/casework/hashlists"
	"tutela/casework/identifiers"
	"tutela/casework/matching"
	"tutela/casework/media"
	"tutela/casework/persons"
	"tutela/casework/referrals"
	"tutela/casework/staff"
	"tutela/casework/tips"
	"tutela/format"
	"tutela/format/bagit"
	"tutela/format/whatsapp"
	"tutela/vault"
	"tutela/vault/audit"
	"tutela/vault/db"
	"tutela/vault/evidence"
	"tutela/vault/ids"
	"tutela/vault/keys"
	"tutela/vault/vaulttest"
)

var ctx = context.Background()

func schemas() []db.Schema {
	return []db.Schema{staff.Schema(), cases.Schema(), media.Schema(), hashlists.Schema(), matching.Schema(), chats.Schema(),
		tips.Schema(), identifiers.Schema(), persons.Schema(), referrals.Schema()}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// each runs a test on both engines, on a site with two officers and a case.
func each(t *testing.T, test func(*testing.T, *site)) {
	t.Helper()
	casetest.Each(t, func(t *testing.T, d casetest.Desk) { test(t, newSite(t, d.Vault)) }, schemas()...)
}

// site is a case of two officers at a new site.
type site struct {
	t      *testing.T
	v      *vault.Vault
	first  *referrals.Room // of the officer who cuts
	second *referrals.Room // of the supervisor who approves
	other  keys.Private    // the second officer's key
	c      cases.ID
	items  map[string]media.ID // by file name
}

func newSite(t *testing.T, v *vault.Vault) *site {
	s := &site{t: t, v: v, c: "01JQ0000000000000000000001", items: map[string]media.ID{}, other: vaulttest.AddOfficer(t, v, "second")}
	me := v.Desk.KeyID()
	s.do(func(w *db.Writer) error {
		err := errors.Join(staff.PutAgencies(ctx, w, staff.Agency{ID: "own", Name: "Unidad Central", Country: "ES", Own: true, State: staff.Active},
			staff.Agency{ID: "it", Name: "Polizia Postale", Country: "IT", State: staff.Active, Channel: "siena"}),
			staff.PutOfficers(ctx, w, staff.Officer{ID: staff.ID(me), Name: "First", Roles: []staff.Role{staff.Investigator, staff.Supervisor}, State: staff.Active},
				staff.Officer{ID: staff.ID(s.other.KeyID()), Name: "Second", Roles: []staff.Role{staff.Supervisor}, State: staff.Active}),
			cases.Put(ctx, w, cases.Case{ID: s.c, Title: "Caso", Agency: "own", Authority: "Auto 7/26", Purpose: "investigación", State: cases.Open, Opened: 1}),
			v.Keys.Cases.New(ctx, w, string(s.c), v.Now(), me, s.other.KeyID()),
			cases.PutMembers(ctx, w, cases.Member{Case: s.c, Officer: staff.ID(me)}, cases.Member{Case: s.c, Officer: staff.ID(s.other.KeyID())}))
		if err != nil {
			return err
		}
		_, err = v.Evidence.Authorise(ctx, w, evidence.Authorisation{Case: string(s.c), Issuer: "Juzgado 1", Reference: "Auto 7/26", RecordedBy: me,
			Covers: evidence.Covers{All: true}})
		return err
	})
	s.first, s.second = referrals.New(v, nil), referrals.New(v, v.Ledger.As(s.other))
	return s
}

// do runs an act that changes the case.
func (s *site) do(fn func(*db.Writer) error) {
	s.t.Helper()
	act := audit.Act{Class: audit.Alteration, Verb: "test.write", Case: string(s.c), Why: "test"}
	_, err := s.v.Desk.Do(ctx, act, func(w *db.Writer) error {
		if err := fn(w); err != nil {
			return err
		}
		return cases.Raise(ctx, w, s.c)
	})
	must(s.t, err)
}

func (s *site) look() *db.Reader {
	s.t.Helper()
	q, err := s.v.Desk.Consult(ctx, audit.Act{Verb: "test.look", Why: "test"})
	must(s.t, err)
	return q
}

// export seals an exported chat and the files beside it, and fills the rooms as
// the pipeline does.
func (s *site) export(title, text string, protected bool, files map[string][]byte, owners ...string) {
	s.t.Helper()
	dir := filepath.Join(s.t.TempDir(), "export")
	must(s.t, os.MkdirAll(dir, 0o700))
	name := "WhatsApp Chat with " + title + ".txt"
	must(s.t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	for f, data := range files {
		must(s.t, os.WriteFile(filepath.Join(dir, f), data, 0o600))
	}
	var sealed []evidence.Exhibit
	order := evidence.Order{Case: string(s.c), Path: dir, Protected: protected, Why: "test",
		Promise: func(_ context.Context, _ *db.Writer, es []evidence.Exhibit) error {
			sealed = append(sealed, es...)
			return nil
		}}
	_, err := s.v.Evidence.Seal(ctx, s.v.Desk, order)
	must(s.t, err)
	row := s.v.Keys.Site.Row
	var items []media.Item
	var chat media.Item
	for _, e := range sealed {
		i := media.Item{ID: media.ItemID(row, e.ID, "", 0), Case: s.c, Exhibit: e.ID, Name: e.Name, Size: e.Size, MD5: e.MD5, SHA1: e.SHA1,
			SHA256: e.SHA256, MIME: mimeOf(e.Name), Kind: "picture", State: media.Read, Protected: protected}
		if e.Name == name {
			i.Kind, chat = "chat-text", i
		}
		s.items[e.Name] = i.ID
		items = append(items, i)
	}
	in, _ := whatsapp.Read([]byte(text), slices.Sorted(maps.Keys(files)), format.Limits{})
	held := func(member string) (string, int64) { return string(s.items[member]), int64(len(files[member])) }
	known := chats.Known{Protected: protected, Owners: owners}
	c := chats.FromWhatsApp(row, chats.Group{Case: s.c, Exhibit: chat.Exhibit, Item: string(chat.ID), Subject: title, Kind: chats.GroupChat,
		Protected: protected}, 0, in, held)
	chats.Settle(&c, known)
	s.do(func(w *db.Writer) error {
		for _, o := range owners {
			must(s.t, chats.DeclareOwner(ctx, w, chats.Owner{Case: s.c, Exhibit: chat.Exhibit, Label: o, Set: true, Officer: "SHA256:a", Why: "told"}))
		}
		return errors.Join(media.PutItems(ctx, w, items...), chats.Put(ctx, w, c),
			identifiers.Put(ctx, w, identifiers.Collate(row, s.c, chats.Sightings(c, known))))
	})
}

func mimeOf(name string) string {
	switch filepath.Ext(name) {
	case ".jpg":
		return "image/jpeg"
	case ".png":
		return "image/png"
	}
	return "application/octet-stream"
}

// id returns the identifier of a label.
func (s *site) id(label string) identifiers.ID {
	v, err := identifiers.ParseLabel(label)
	must(s.t, err)
	return identifiers.IdentifierID(s.v.Keys.Site.Row, s.c, v.Kind, v.Norm)
}

// confirm decides that labels concern a country.
func (s *site) confirm(country string, labels ...string) {
	s.t.Helper()
	s.do(func(w *db.Writer) error {
		for _, l := range labels {
			id, err := ids.New(s.v.Clock(), s.v.Rand)
			must(s.t, err)
			d := identifiers.Decision{ID: id, Case: s.c, Identifier: s.id(l), Country: country, Verdict: identifiers.Confirmed,
				Officer: staff.ID(s.v.Desk.KeyID()), At: s.v.Now(), Why: "number and answers"}
			if err := identifiers.Decide(ctx, w, d); err != nil {
				return err
			}
		}
		return nil
	})
}

func (s *site) request(country string) referrals.Request {
	return referrals.Request{Case: s.c, Country: country}
}

// cut makes a preview by the first officer.
func (s *site) cut(req referrals.Request) *referrals.Preview {
	s.t.Helper()
	p, err := s.first.Preview(ctx, s.look(), req)
	must(s.t, err)
	return p
}

func terms() referrals.Terms {
	return referrals.Terms{TLP: "TLP:AMBER", Purpose: "criminal investigation", Basis: "Directive (EU) 2023/977", Why: "read and necessary"}
}

// text returns every byte of a preview.
func (s *site) text(p *referrals.Preview) string {
	s.t.Helper()
	files, err := p.Cut.Payload()
	must(s.t, err)
	var b bytes.Buffer
	for _, f := range files {
		b.WriteString(f.Name + "\n")
		b.Write(content(s.t, f))
	}
	return b.String()
}

func content(t testing.TB, f bagit.File) []byte {
	t.Helper()
	r, err := f.Open()
	must(t, err)
	b, err := io.ReadAll(r)
	must(t, err)
	return b
}

// wantNone fails for each of the words that stands in a text.
func wantNone(t testing.TB, text string, words ...string) {
	t.Helper()
	for _, w := range words {
		if at := strings.Index(strings.ToLower(text), strings.ToLower(w)); at >= 0 {
			t.Errorf("%q is told: …%s…", w, text[max(0, at-120):min(len(text), at+60)])
		}
	}
}

func wantAll(t testing.TB, text string, words ...string) {
	t.Helper()
	for _, w := range words {
		if !strings.Contains(text, w) {
			t.Errorf("%q is not told", w)
		}
	}
}

// group is an export with members of several countries.
const group = `14/03/2025, 08:00 - Messages and calls are end-to-end encrypted. No one outside of this chat, not even WhatsApp, can read or listen to them. Tap to learn more.
14/03/2025, 08:01 - +34 600 000 001 created group "Senderos"
14/03/2025, 08:02 - +34 600 000 001 added +39 320 000 0001
14/03/2025, 08:02 - +34 600 000 001 added +39 320 000 0002
14/03/2025, 08:02 - +34 600 000 001 added +33 6 39 98 00 01
14/03/2025, 08:02 - +34 600 000 001 added Zarza Quill
14/03/2025, 09:00 - +39 320 000 0001: ask Zarza Quill or +33 639 980 001, mail zarza@posta.example
14/03/2025, 09:05 - +33 6 39 98 00 01: frenchsecret words
14/03/2025, 09:06 - +39 320 000 0001: IMG-20250314-WA0001.jpg (file attached)
14/03/2025, 09:07 - +34 600 000 001: IMG-20250314-WA0002.jpg (file attached)
14/03/2025, 09:08 - +39 320 000 0001: plain words of mine, call 0039 320 0000001
14/03/2025, 09:09 - Zarza Quill: spanishsecret words
`
