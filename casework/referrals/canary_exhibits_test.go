package referrals_test

import (
	"fmt"
	"strings"
	"time"

	"tutela/casework/cases"
	"tutela/casework/identifiers"
)

// seized is a file that is sealed.
type seized struct {
	file        *thing
	ending      string
	folder      string
	protected   bool // a protected source's own
	held        bool // no authorisation
	quarantined bool
	privileged  bool
	exhibit     string // once it is sealed
}

func (s *seized) name() string { return s.file.value + s.ending }

// shut reports whether the exhibit may not be told to others.
func (s *seized) shut() bool { return s.held || s.quarantined || s.privileged }

// acquisition says which files are sealed together.
func (s *seized) acquisition() string {
	switch {
	case s.protected:
		return "source"
	case s.held:
		return "held"
	}
	return "seized"
}

// export is a chat as somebody's telephone exports it.
type export struct {
	seized
	title    *thing // of a group whose subject is nothing but its name
	subject  text
	direct   bool
	marked   cases.MarkKind // of the group
	owner    *ident
	declared bool
	members  []*ident
	lines    []*line
}

// line is one record.
type line struct {
	at     int // minutes after the beginning
	author *ident
	system string
	said   text
	marked cases.MarkKind
	photo  *photo
}

// photo is a picture that was sent, or only named.
type photo struct {
	name    *thing
	ending  string
	folder  string
	apart   bool // an exhibit of its own, not a member of the export
	missing bool
	listed  bool // by a hash list
	mime    string
	data    []byte
	of      *seized
	exhibit string
	item    string // once it is written
}

func (p *photo) file() string { return p.name.value + p.ending }

// open says whether what somebody said in a line may be told to anybody.
func (e *export) open(l *line, by *ident) standing {
	switch {
	case e.shut(), e.marked != "", l.marked != "":
		return never
	case e.protected && (by.kind == identifiers.WAName || by == e.owner || by.source):
		return never
	case e.protected && !e.declared:
		return may
	}
	return always
}

// saidTo says who is told the words of a line.
func (w *world) saidTo(e *export, l *line) tell {
	return func(country string) standing {
		return min(w.accepted(l.author, country), e.open(l, l.author))
	}
}

// makeExports makes chats: of groups and of two, of a protected source, held,
// in quarantine, privileged.
func (w *world) makeExports() {
	var talkers []*ident
	for _, i := range w.idents {
		if i.talks() {
			talkers = append(talkers, i)
		}
	}
	for n := range 2 + w.r.IntN(2) {
		e := &export{}
		switch {
		case n == 1:
			e.protected = true
		case n > 1:
			e.held, e.quarantined, e.privileged = w.r.IntN(4) == 0, w.r.IntN(6) == 0, w.r.IntN(6) == 0
		}
		if n > 0 && w.r.IntN(10) == 0 {
			e.marked = cases.Privileged
		}
		e.file, e.ending, e.folder = w.known("name of an exhibit", phrase, nobody), ".txt", w.secret("folder of an exhibit")
		w.r.Shuffle(len(talkers), func(i, j int) { talkers[i], talkers[j] = talkers[j], talkers[i] })
		e.members = append([]*ident{}, talkers[:min(len(talkers), 4+w.r.IntN(4))]...)
		e.owner = e.members[0]
		if e.protected {
			e.chooseSource(w)
		}
		e.declared = e.protected && w.r.IntN(4) > 0
		if !e.protected && w.r.IntN(5) == 0 {
			e.direct, e.members = true, e.members[:2]
		} else if w.r.IntN(2) == 0 {
			e.title = w.known("name of a group", phrase, func(c string) standing { return w.groupTo(e, c) })
		}
		w.makeLines(e, n)
		w.exports = append(w.exports, e)
	}
}

// chooseSource makes the owner of a protected export a protected source.
func (e *export) chooseSource(w *world) {
	for _, i := range w.idents {
		if i.source {
			e.owner = i
		}
	}
	e.owner.source, e.owner.also = true, false
	out := []*ident{e.owner}
	for _, m := range e.members {
		if m != e.owner {
			out = append(out, m)
		}
	}
	e.members = out
}

// groupTo says whether a country is told of a group.
func (w *world) groupTo(e *export, country string) standing {
	best := never
	for _, l := range e.lines {
		if l.author != nil && !e.direct {
			best = max(best, w.saidTo(e, l)(country))
		}
	}
	return best
}

// makeLines makes the records of an export. The first telephone has all of its
// members write, so that the target's people do.
func (w *world) makeLines(e *export, n int) {
	at := 1
	event := func(format string, args ...any) {
		e.lines = append(e.lines, &line{at: at, system: fmt.Sprintf(format, args...)})
		at += 2 + w.r.IntN(9)
	}
	if !e.direct {
		event(`%s created group "%s"`, e.members[0].label(), w.open("former name of a group", nobody))
		for _, m := range e.members[1:] {
			event("%s added %s", e.members[0].label(), m.label())
		}
		if d := w.number(w.second); w.r.IntN(3) == 0 {
			w.plant("new number in an event", identifiers.Phone, d.e164(), nobody)
			event("%s changed to %s", e.members[0].label(), d.write(1))
		}
	}
	write := e.members
	if n > 0 && len(write) > 2 {
		write = write[:len(write)-1] // somebody only was added
	}
	for k := range len(write) + 3 + w.r.IntN(8) {
		l := &line{at: at, author: write[k%len(write)]}
		at += 2 + w.r.IntN(9)
		if w.r.IntN(14) == 0 {
			l.marked = []cases.MarkKind{cases.Protected, cases.Privileged}[w.r.IntN(2)]
		}
		if w.r.IntN(4) == 0 {
			l.photo = w.makePhoto(&e.seized)
		}
		e.lines = append(e.lines, l)
	}
}

// makePhoto makes a picture full of canaries.
func (w *world) makePhoto(of *seized) *photo {
	p := &photo{name: w.known("file name", phrase, nobody), folder: w.secret("folder inside an exhibit"), of: of}
	p.missing, p.listed = w.r.IntN(4) == 0, w.r.IntN(3) == 0
	p.apart = !of.protected && !of.held && w.r.IntN(3) == 0
	p.ending, p.mime, p.data = w.picture()
	if p.missing {
		p.data = nil
	}
	return p
}

// chat writes an export as Android does.
func (e *export) chat() string {
	var b strings.Builder
	start := time.Date(2026, 3, 14, 6, 0, 0, 0, time.UTC)
	for _, l := range e.lines {
		fmt.Fprintf(&b, "%s - ", start.Add(time.Duration(l.at)*time.Minute).Format("02/01/2006, 15:04"))
		if l.author == nil {
			fmt.Fprintf(&b, "%s\n", l.system)
			continue
		}
		fmt.Fprintf(&b, "%s: ", l.author.label())
		if l.photo != nil {
			fmt.Fprintf(&b, "%s (file attached)\n", l.photo.file())
		}
		fmt.Fprintf(&b, "%s\n", l.said)
	}
	return b.String()
}

// called is the group's subject, or who the other one of two is.
func (e *export) called() string {
	switch {
	case e.direct:
		return e.members[1].label()
	case e.title != nil:
		return e.title.value
	}
	return e.subject.String()
}

// letter is a mail to the agency.
type letter struct {
	seized
	sender        *ident
	display       *thing // the sender's name as the mail has it
	subject, said text
	marked        cases.MarkKind
	photo         *photo
	id            string
}

func (m *letter) open() standing {
	if m.shut() || m.marked != "" || m.protected {
		return never
	}
	return always
}

func (w *world) mailTo(m *letter) tell {
	return func(country string) standing { return min(w.accepted(m.sender, country), m.open()) }
}

func (w *world) makeMails() {
	for _, i := range w.idents {
		if i.kind != identifiers.Email || w.r.IntN(3) == 0 {
			continue
		}
		m := &letter{sender: i}
		m.display = w.known("name of the sender of a mail", "", func(c string) standing { return min(may, w.accepted(i, c)) })
		m.file, m.ending, m.folder = w.known("name of an exhibit", phrase, nobody), ".eml", w.secret("folder of an exhibit")
		m.protected, m.held, m.quarantined = w.r.IntN(6) == 0, w.r.IntN(8) == 0, w.r.IntN(8) == 0
		if m.protected { // who sent it is the source, wherever else the address stands
			i.source, i.also = true, false
		}
		if w.r.IntN(10) == 0 {
			m.marked = []cases.MarkKind{cases.Protected, cases.Privileged}[w.r.IntN(2)]
		}
		if w.r.IntN(2) == 0 {
			m.photo = w.makePhoto(&m.seized)
			m.photo.apart, m.photo.missing = false, false
			if m.photo.data == nil {
				m.photo.ending, m.photo.mime, m.photo.data = w.picture()
			}
		}
		w.mails = append(w.mails, m)
	}
}

// grant is an authorisation that names an exhibit.
type grant struct {
	of                *seized
	issuer, reference text
}

func (w *world) makeGrants() {
	for _, e := range w.exports {
		if e.held || w.r.IntN(2) == 0 {
			continue
		}
		t := func(c string) standing {
			for _, i := range w.idents { // told of where they are mentioned, or where an operator's answer stands
				if w.accepted(i, c) != never && (i.also && c == w.target || i.answer && e == w.exports[0]) {
					return may
				}
			}
			return min(may, w.groupTo(e, c)+w.directTo(e, c))
		}
		w.grants = append(w.grants, &grant{&e.seized, w.say("issuer of an authorisation", t), w.say("reference of an authorisation", t)})
	}
}

// directTo is groupTo for a chat of two.
func (w *world) directTo(e *export, country string) standing {
	best := never
	for _, l := range e.lines {
		if l.author != nil && e.direct {
			best = max(best, w.saidTo(e, l)(country))
		}
	}
	return best
}
