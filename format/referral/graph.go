package referral

import (
	"fmt"
	"strings"
	"time"

	"tutela/format/caseuco"
	"tutela/format/when"
)

// mapper turns a package into a CASE graph and remembers what it made.
type mapper struct {
	p           Package
	g           *caseuco.Graph
	root        *caseuco.Node
	people      map[string]*caseuco.Node
	accounts    map[string]*caseuco.Node
	files       map[string]*caseuco.Node
	exhibits    map[string]*caseuco.Node
	apps        map[string]*caseuco.Node
	messages    map[string][]*caseuco.Node // by group
	authors     map[string][]*caseuco.Node // by group
	groupByID   map[string]Group
	seenAuthors map[string]bool
}

// Graph returns data/case.jsonld.
func (p Package) Graph(at time.Time) ([]byte, error) {
	m := &mapper{p: p, g: caseuco.New("urn:tutela:referral:" + p.ID + ":"),
		people: map[string]*caseuco.Node{}, accounts: map[string]*caseuco.Node{}, files: map[string]*caseuco.Node{},
		exhibits: map[string]*caseuco.Node{}, apps: map[string]*caseuco.Node{}, messages: map[string][]*caseuco.Node{},
		authors: map[string][]*caseuco.Node{}, groupByID: map[string]Group{}, seenAuthors: map[string]bool{}}
	m.frame(at)
	m.persons()
	m.identifiers()
	m.itemFiles()
	m.provenance()
	m.chats()
	return m.g.Bytes()
}

// frame makes the investigation, its basis, marking and the two agencies.
func (m *mapper) frame(at time.Time) {
	p := m.p
	marking := m.g.Statement("handling", strings.TrimSpace(p.TLP+" "+p.Handling))
	from := m.g.Organization("from", p.From.Name)
	m.root = m.g.Investigation("case", strings.TrimSpace(p.Case+" "+p.Title), p.Purpose).
		Ref("uco-core:objectMarking", marking).Ref("uco-core:createdBy", from).
		Time("uco-core:objectCreatedTime", at.UTC().Format(time.RFC3339)).
		Text("uco-core:description", p.Request)
	m.root.Ref("case-investigation:relevantAuthorization", m.g.Authorization("basis", "legal basis", p.LegalBasis, "", ""))
	for i, a := range p.Authorisations {
		m.root.Ref("case-investigation:relevantAuthorization", m.g.Authorization(fmt.Sprint("authorisation ", i), a.Kind,
			strings.TrimSpace(a.Reference+" "+a.Issuer), a.From, a.Until))
	}
	if p.To.Name != "" {
		m.root.Ref("uco-core:object", m.g.Organization("to", p.To.Name))
	}
}

// role maps a category of Directive (EU) 2016/680 art. 6 to a role class.
// "other" is nobody's role: a person is not a subject until somebody says so.
func role(category string) string {
	switch category {
	case "victim":
		return "uco-victim:Victim"
	case "suspect", "convicted":
		return "case-investigation:Subject"
	}
	return ""
}

func (m *mapper) persons() {
	for _, x := range m.p.Persons {
		n := m.g.Person(x.ID, x.Name, role(x.Category)).
			Text("uco-core:tag", "category: "+x.Category).Text("uco-core:tag", "minor: "+x.Minor)
		for _, c := range x.Claims {
			n.Text("uco-core:description", claim(c))
		}
		m.people[x.ID] = n
		m.root.Ref("uco-core:object", n)
	}
}

func claim(c Claim) string {
	return strings.Join(strings.Fields(c.Text+" ["+c.Basis+"; "+source(c.Source)+"] "+c.Evaluation), " ")
}

func source(s Source) string {
	return strings.Trim(s.Exhibit+" › "+s.Place, " ›")
}

func (m *mapper) identifiers() {
	for _, x := range m.p.Identifiers {
		var n *caseuco.Node
		switch x.Kind {
		case "phone":
			n = m.g.PhoneAccount(x.ID, x.Value)
		case "email":
			n = m.g.EmailAddress(x.ID, x.Value)
		case "url":
			n = m.g.URL(x.ID, x.Value)
		default:
			n = m.g.Account(x.ID, x.Value, x.Kind, nil)
		}
		for _, r := range x.Relations {
			n.Text("uco-core:tag", "relation: "+r.Kind)
			n.Text("uco-core:description", r.Kind+" ["+source(r.Source)+"]")
		}
		for _, r := range x.Countries {
			n.Text("uco-core:description", "country "+m.p.Country+": "+r.Text+" ["+strings.Trim(r.Rule+" "+r.Version+"; "+r.Decision, " ;")+"]")
		}
		for _, c := range x.Claims {
			n.Text("uco-core:description", claim(c))
		}
		m.accounts[x.ID] = n
		m.root.Ref("uco-core:object", n)
		if person := m.people[x.Person]; person != nil {
			m.g.Relate("assigned "+x.ID, "Assigned_To", n, person)
		}
	}
}

func hashes(d Digests) []caseuco.Hash {
	var all []caseuco.Hash
	for _, h := range []caseuco.Hash{{Method: "MD5", Hex: d.MD5}, {Method: "SHA1", Hex: d.SHA1}, {Method: "SHA256", Hex: d.SHA256}} {
		if h.Hex != "" {
			all = append(all, h)
		}
	}
	return all
}

func (m *mapper) itemFiles() {
	for _, x := range m.p.Items {
		n := m.g.File(x.ID, x.Name, x.MediaType, x.Size, hashes(x.Original))
		n.Text("uco-core:description", source(x.Source))
		m.files[x.ID] = n
		m.root.Ref("uco-core:object", n)
		if x.Included && x.Delivered.Digests.SHA256 != x.Original.SHA256 {
			d := m.g.File("delivered "+x.ID, pathItems+x.Name, x.MediaType, x.Delivered.Size, hashes(x.Delivered.Digests))
			m.g.RelateObservables("delivered "+x.ID, "Derived_From", d, n)
		}
		for i, hit := range x.Matches {
			m.g.Result(fmt.Sprint(x.ID, " ", i), hit.Category+" ("+hit.List+")", fmt.Sprintf("%s %s, %s, distance %d%s",
				hit.List, hit.Version, hit.Algorithm, hit.Distance, variant(hit.Variant)), n)
		}
		if a := m.accounts[x.Sender]; a != nil {
			m.g.RelateObservables("sent "+x.ID, "Sent_By", n, a)
		}
	}
}

func variant(v string) string {
	if v == "" {
		return ""
	}
	return ", " + v
}

// provenance makes a record for every exhibit and an action for each step.
func (m *mapper) provenance() {
	for _, x := range m.p.Exhibits {
		var objects []*caseuco.Node
		for _, i := range m.p.Items {
			if i.Source.Exhibit == x.Label {
				objects = append(objects, m.files[i.ID])
			}
		}
		if d := hashes(x.Digests); d != nil {
			objects = append(objects, m.g.File("exhibit "+x.Label, x.Label, "", -1, d))
		}
		n := m.g.Exhibit(x.Label, x.Label, x.Kind, objects...)
		for i, s := range x.Custody {
			m.g.Action(fmt.Sprint(x.Label, " ", i), s.What, s.At, nil, n).Text("uco-core:description", s.Who)
		}
		m.root.Ref("uco-core:object", n)
	}
}

func (m *mapper) application(name string) *caseuco.Node {
	if name == "" {
		return nil
	}
	if m.apps[name] == nil {
		m.apps[name] = m.g.Application(name, name)
	}
	return m.apps[name]
}

// chats makes the messages and a thread for each group. Participants are the
// authors in this package, nobody else.
func (m *mapper) chats() {
	for _, g := range m.p.Groups {
		m.groupByID[g.ID] = g
	}
	for _, x := range m.p.Messages {
		author := m.accounts[x.Author]
		n := m.g.Message(x.ID, x.Text, sentTime(x.Time), words(x), author, m.application(m.groupByID[x.Group].Platform))
		m.messages[x.Group] = append(m.messages[x.Group], n)
		if key := x.Group + "\x00" + x.Author; !m.seenAuthors[key] {
			m.seenAuthors[key] = true
			m.authors[x.Group] = append(m.authors[x.Group], author)
		}
		for _, i := range x.Items {
			m.g.RelateObservables("attachment "+x.ID+" "+i, "Attachment_Of", m.files[i], n)
		}
	}
	for _, g := range m.p.Groups {
		t := m.g.Thread(g.ID, strings.TrimSpace(g.Label+" "+g.Subject), m.messages[g.ID], m.authors[g.ID])
		m.root.Ref("uco-core:object", t)
	}
}

// sentTime gives a time only when zone and seconds are known.
func sentTime(t when.Time) string {
	if t.UTC == "" {
		return ""
	}
	return t.UTC
}

// words says where a message stands, and its time when that is not fully known.
func words(x Message) string {
	s := source(x.Source)
	if sentTime(x.Time) == "" && x.Time.Known() {
		s += "; time as written: " + x.Time.Text + " (" + x.Time.Wall + ", zone unknown)"
	}
	return s
}
