package persons

import (
	"context"
	"database/sql"

	"tutela/casework/cases"
	"tutela/casework/identifiers"
	"tutela/vault/db"
)

// Mask shows protected persons of one case by their pseudonyms.
type Mask struct {
	identifiers map[identifiers.ID]string // assigned identifier → pseudonym
	names       identifiers.Masker
	whole       identifiers.Masker // the same without parts of names
}

// masked stands for a part of a protected person's name, which may be a part of
// somebody else's.
const masked = "▒▒▒▒"

// MaskOf loads the mask of a case. With a protected view it masks nothing.
func MaskOf(ctx context.Context, q db.Queryer, c cases.ID, v cases.View) (*Mask, error) {
	m := &Mask{identifiers: map[identifiers.ID]string{}}
	if v.Protected {
		return m, nil
	}
	ps, err := db.Collect(ctx, q, scanPerson, selectPerson+" WHERE case_id = ?1 ORDER BY id", string(c))
	if err != nil {
		return nil, err
	}
	names := map[ID]string{}
	for _, p := range ps {
		if p.Protected() {
			names[p.ID] = p.Pseudonym
			m.add(p.Label, p.Pseudonym)
		}
	}
	if err := m.addSources(ctx, q, c); err != nil {
		return nil, err
	}
	type used struct {
		person   ID
		id       identifiers.ID
		kind     identifiers.Kind
		value    string
		spelling string
	}
	us, err := db.Collect(ctx, q, func(r *sql.Rows) (used, error) {
		var u used
		return u, r.Scan(&u.person, &u.id, &u.kind, &u.value, &u.spelling)
	}, `SELECT a.person, a.identifier, i.kind, i.value, COALESCE(s.written, i.value) FROM person_identifier a
		JOIN identifier i ON i.id = a.identifier LEFT JOIN identifier_spelling s ON s.identifier = i.id
		WHERE a.case_id = ?1 AND NOT a.withdrawn ORDER BY a.person, a.identifier, s.written`, string(c))
	for _, u := range us {
		if with, ok := names[u.person]; ok {
			m.identifiers[u.id] = with
			m.names.AddValue(u.kind, u.value, with)
			m.whole.AddPhrase(u.value, with)
			if u.kind == identifiers.WAName || u.kind == identifiers.Handle {
				m.add(u.spelling, with)
			}
		}
	}
	return m, err
}

// addSources masks the identifiers of protected sources wherever others wrote
// them.
func (m *Mask) addSources(ctx context.Context, q db.Queryer, c cases.ID) error {
	type source struct {
		id    identifiers.ID
		kind  identifiers.Kind
		value string
	}
	hidden, err := db.Collect(ctx, q, func(r *sql.Rows) (s source, err error) { return s, r.Scan(&s.id, &s.kind, &s.value) },
		"SELECT i.id, i.kind, i.value FROM identifier i WHERE i.case_id = ?1 AND "+identifiers.Hidden("i.id")+" ORDER BY i.id", string(c))
	for _, s := range hidden {
		m.identifiers[s.id] = masked
		m.names.AddValue(s.kind, s.value, masked)
		m.whole.AddPhrase(s.value, masked)
	}
	return err
}

func (m *Mask) add(name, with string) {
	m.names.AddPerson(name, with, masked)
	m.whole.AddPhrase(name, with)
}

// Identifier returns what to show for an identifier: its value, or the
// pseudonym of the protected person who uses it. Somebody else's name that
// shares a word with a protected one stays as it is.
func (m *Mask) Identifier(id identifiers.ID, value string) string {
	if with, ok := m.identifiers[id]; ok {
		return with
	}
	if id != "" {
		return m.whole.Text(value)
	}
	return m.names.Text(value)
}

// Text returns s with names and identifiers of protected persons replaced by
// their pseudonyms.
func (m *Mask) Text(s string) string { return m.names.Text(s) }
