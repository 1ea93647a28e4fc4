package caseuco

import "strconv"

// Hash is one digest or fingerprint in hexadecimal. Method is a word of UCO's
// open vocabulary ("SHA256", "MD5") or another ("PDQ").
type Hash struct{ Method, Hex string }

// Investigation adds the case. Things that belong to it follow by
// Ref("uco-core:object", …).
func (g *Graph) Investigation(local, name, purpose string) *Node {
	return g.Node("investigation", local, "case-investigation:Investigation").Text("uco-core:name", name).
		Text("case-investigation:focus", purpose).Text("case-investigation:investigationForm", "case")
}

// Authorization adds a warrant, order or other basis. from and until may be "".
func (g *Graph) Authorization(local, kind, reference, from, until string) *Node {
	return g.Node("authorization", local, "case-investigation:Authorization").Text("case-investigation:authorizationType", kind).
		Text("case-investigation:authorizationIdentifier", reference).Time("uco-core:startTime", from).Time("uco-core:endTime", until)
}

// Statement adds a marking in words: handling code, conditions.
func (g *Graph) Statement(local, text string) *Node {
	m := g.Node("marking", local, "uco-marking:MarkingDefinition").Text("uco-marking:definitionType", "statement")
	m.inner("uco-marking:definition", "statement", local, "uco-marking:StatementMarking").
		Text("uco-marking:definitionType", "statement").Text("uco-marking:statement", text)
	return m
}

// Organization adds an agency.
func (g *Graph) Organization(local, name string) *Node {
	return g.Node("organization", local, "uco-identity:Organization").Text("uco-core:name", name)
}

// Person adds a person under a name or pseudonym, with a role class such as
// "case-investigation:Subject"; role "" adds none.
func (g *Graph) Person(local, name, role string) *Node {
	p := g.Node("person", local, "uco-identity:Person").Text("uco-core:name", name)
	if role != "" {
		r := g.Node("role", local, role)
		g.Relate("role "+local, "Has_Role", p, r)
	}
	return p
}

// Relate adds a directed relationship between two objects.
func (g *Graph) Relate(local, kind string, from, to *Node) *Node {
	return g.relate("uco-core:Relationship", local, kind, from, to)
}

// RelateObservables adds a directed relationship between two observables.
func (g *Graph) RelateObservables(local, kind string, from, to *Node) *Node {
	return g.relate("uco-observable:ObservableRelationship", local, kind, from, to)
}

func (g *Graph) relate(class, local, kind string, from, to *Node) *Node {
	return g.Node("relationship", local, class).Ref("uco-core:source", from).Ref("uco-core:target", to).
		Text("uco-core:kindOfRelationship", kind).Bool("uco-core:isDirectional", true)
}

// PhoneAccount adds a phone number.
func (g *Graph) PhoneAccount(local, number string) *Node {
	n := g.Node("account", local, "uco-observable:PhoneAccount")
	n.Facet("uco-observable:PhoneAccountFacet").Text("uco-observable:phoneNumber", number)
	n.Facet("uco-observable:AccountFacet").Text("uco-observable:accountIdentifier", number)
	return n
}

// Account adds an account of an application by the name it goes by there.
func (g *Graph) Account(local, identifier, kind string, application *Node) *Node {
	n := g.Node("account", local, "uco-observable:ApplicationAccount")
	n.Facet("uco-observable:AccountFacet").Text("uco-observable:accountIdentifier", identifier).Text("uco-observable:accountType", kind)
	n.Facet("uco-observable:ApplicationAccountFacet").Ref("uco-observable:application", application)
	return n
}

// EmailAddress adds an e-mail address.
func (g *Graph) EmailAddress(local, address string) *Node {
	n := g.Node("email-address", local, "uco-observable:EmailAddress")
	n.Facet("uco-observable:EmailAddressFacet").Text("uco-observable:addressValue", address)
	return n
}

// URL adds a link.
func (g *Graph) URL(local, value string) *Node {
	n := g.Node("url", local, "uco-observable:URL")
	n.Facet("uco-observable:URLFacet").Text("uco-observable:fullValue", value)
	return n
}

// Application adds a program or service by name.
func (g *Graph) Application(local, name string) *Node {
	return g.Node("application", local, "uco-observable:Application").Text("uco-core:name", name)
}

// File adds a file with its digests; name may be a neutral label. size < 0 is
// left out.
func (g *Graph) File(local, name, mime string, size int64, hashes []Hash) *Node {
	n := g.Node("file", local, "uco-observable:File")
	f := n.Facet("uco-observable:FileFacet").Text("uco-observable:fileName", name)
	c := n.Facet("uco-observable:ContentDataFacet").Text("uco-observable:mimeType", mime)
	if size >= 0 {
		f.Int("uco-observable:sizeInBytes", size)
		c.Int("uco-observable:sizeInBytes", size)
	}
	for i, h := range hashes {
		c.inner("uco-observable:hash", "hash", n.id+strconv.Itoa(i), "uco-types:Hash").
			Text("uco-types:hashMethod", h.Method).Hex("uco-types:hashValue", h.Hex)
	}
	return n
}

// Exhibit adds a provenance record for what a thing was taken from.
func (g *Graph) Exhibit(local, number, description string, objects ...*Node) *Node {
	return g.Node("provenance", local, "case-investigation:ProvenanceRecord").Text("case-investigation:exhibitNumber", number).
		Text("uco-core:description", description).Ref("uco-core:object", objects...)
}

// Action adds a step of the chain of custody. at may be "".
func (g *Graph) Action(local, name, at string, performer *Node, results ...*Node) *Node {
	return g.Node("action", local, "case-investigation:InvestigativeAction").Text("uco-core:name", name).
		Time("uco-action:startTime", at).Ref("uco-action:performer", performer).Ref("uco-action:result", results...)
}

// Message adds a message. sent is RFC 3339 or ""; a time whose zone is not
// known goes into description.
func (g *Graph) Message(local, text, sent, description string, from, application *Node) *Node {
	n := g.Node("message", local, "uco-observable:Message").Text("uco-core:description", description)
	n.Facet("uco-observable:MessageFacet").Text("uco-observable:messageText", text).Time("uco-observable:sentTime", sent).
		Ref("uco-observable:from", from).Ref("uco-observable:application", application)
	return n
}

// Thread adds a chat with the messages in their order and the accounts that
// are named in it.
func (g *Graph) Thread(local, name string, messages, participants []*Node) *Node {
	n := g.Node("message-thread", local, "uco-observable:MessageThread").Text("uco-core:name", name)
	f := n.Facet("uco-observable:MessageThreadFacet").Ref("uco-observable:participant", participants...)
	if len(messages) == 0 {
		return n
	}
	t := f.inner("uco-observable:messageThread", "thread", local, "uco-types:Thread")
	t.add("co:size", typed("xsd:nonNegativeInteger", strconv.Itoa(len(messages)))).Ref("co:element", messages...)
	for i, m := range messages {
		item := t.inner("co:item", "thread-item", local+" "+strconv.Itoa(i), "uco-types:ThreadItem")
		item.add("co:index", typed("xsd:positiveInteger", strconv.Itoa(i+1))).Ref("co:itemContent", m)
		if i+1 < len(messages) {
			item.add("uco-types:threadNextItem", map[string]string{"@id": "kb:thread-item-" + g.uuid("thread-item", local+" "+strconv.Itoa(i+1))})
		}
	}
	return n
}

// Result adds what a comparison with a list said about an object: the class
// and a description of list, version, algorithm and distance.
func (g *Graph) Result(local, class, description string, object *Node) *Node {
	n := g.Node("result", local, "uco-analysis:AnalyticResult").Text("uco-core:description", description)
	n.Facet("uco-analysis:ArtifactClassificationResultFacet").
		inner("uco-analysis:classification", "classification", local, "uco-analysis:ArtifactClassification").Text("uco-analysis:class", class)
	g.Relate("result "+local, "Result_For", n, object)
	return n
}
