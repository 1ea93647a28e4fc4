package caseuco

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"tutela/fault"
)

// Graph is a document being built. Its namespace makes every IRI its own.
type Graph struct {
	namespace string
	nodes     []*Node
	ids       map[string]bool
	err       error
}

// Node is one thing in a graph.
type Node struct {
	graph *Graph
	id    string
	props map[string]any
}

// New returns an empty graph. The namespace is an absolute IRI that ends with
// a separator, keyed for this document: "urn:tutela:referral:9f…:".
func New(namespace string) *Graph {
	g := &Graph{namespace: namespace, ids: map[string]bool{}}
	if !strings.Contains(namespace, ":") || strings.ContainsAny(namespace, " \t\r\n<>\"{}|\\^`") {
		g.fail("namespace %q is not an IRI", namespace)
	}
	return g
}

func (g *Graph) fail(form string, args ...any) {
	if g.err == nil {
		g.err = fault.New(fault.Invalid, "case: "+form, args...)
	}
}

// Node adds a node: kind is a short word for the reader, local tells nodes of
// one kind apart, typ is the prefixed class.
func (g *Graph) Node(kind, local, typ string) *Node {
	id := "kb:" + kind + "-" + g.uuid(kind, local)
	if g.ids[id] {
		g.fail("two nodes %s %q", kind, local)
	}
	n := &Node{graph: g, id: id, props: map[string]any{"@id": id, "@type": typ}}
	g.ids[id] = true
	g.nodes = append(g.nodes, n)
	return n
}

// uuid is a name-based UUID (version 8, RFC 9562 §5.8) under the namespace.
func (g *Graph) uuid(kind, local string) string {
	sum := sha256.Sum256([]byte(g.namespace + "\x00" + kind + "\x00" + local))
	sum[6], sum[8] = sum[6]&0x0f|0x80, sum[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", sum[:4], sum[4:6], sum[6:8], sum[8:10], sum[10:16])
}

// ID returns the node's prefixed IRI.
func (n *Node) ID() string { return n.id }

// add appends a value to a property; one value stands alone, more are an array.
func (n *Node) add(prop string, v any) *Node {
	switch old := n.props[prop].(type) {
	case nil:
		n.props[prop] = v
	case []any:
		n.props[prop] = append(old, v)
	default:
		n.props[prop] = []any{old, v}
	}
	return n
}

// Text adds a string, if it is not empty.
func (n *Node) Text(prop, v string) *Node {
	if v == "" {
		return n
	}
	return n.add(prop, v)
}

// Bool adds a boolean.
func (n *Node) Bool(prop string, v bool) *Node { return n.add(prop, v) }

func typed(kind, v string) map[string]string { return map[string]string{"@type": kind, "@value": v} }

// Int adds an xsd:integer.
func (n *Node) Int(prop string, v int64) *Node {
	return n.add(prop, typed("xsd:integer", strconv.FormatInt(v, 10)))
}

// Hex adds an xsd:hexBinary given as hexadecimal digits.
func (n *Node) Hex(prop, v string) *Node {
	if len(v)%2 != 0 || strings.Trim(strings.ToLower(v), "0123456789abcdef") != "" {
		n.graph.fail("%s %q is not hexadecimal", prop, v)
	}
	return n.add(prop, typed("xsd:hexBinary", strings.ToUpper(v)))
}

// Time adds an xsd:dateTime, if v is not empty; v is RFC 3339 with a zone.
// A time whose zone is unknown has no place here: it is said in words.
func (n *Node) Time(prop, v string) *Node {
	if v == "" {
		return n
	}
	if _, err := time.Parse(time.RFC3339Nano, v); err != nil {
		n.graph.fail("%s %q is not a time with seconds and zone", prop, v)
	}
	return n.add(prop, typed("xsd:dateTime", v))
}

// Ref adds references to nodes of the same graph; nil nodes are passed over.
func (n *Node) Ref(prop string, to ...*Node) *Node {
	for _, t := range to {
		if t == nil {
			continue
		}
		if t.graph != n.graph {
			n.graph.fail("%s refers to a node of another graph", prop)
		}
		n.add(prop, map[string]string{"@id": t.id})
	}
	return n
}

// Facet adds a facet of a class such as "uco-observable:FileFacet"; it belongs
// to this node only, as the ontology demands.
func (n *Node) Facet(class string) *Node {
	_, name, _ := strings.Cut(class, ":")
	f := &Node{graph: n.graph, id: "kb:facet-" + n.graph.uuid(name, n.id)}
	f.props = map[string]any{"@id": f.id, "@type": class}
	if n.graph.ids[f.id] {
		n.graph.fail("two facets %s on %s", name, n.id)
	}
	n.graph.ids[f.id] = true
	n.add("uco-core:hasFacet", f.props)
	return f
}

// inner adds a node that stands inside another one.
func (n *Node) inner(prop, kind, local, class string) *Node {
	c := &Node{graph: n.graph, id: "kb:" + kind + "-" + n.graph.uuid(kind, local)}
	c.props = map[string]any{"@id": c.id, "@type": class}
	n.add(prop, c.props)
	return c
}

// Bytes returns the document: one space of indentation, keys sorted, nodes in
// the order in which they were made, one line end.
func (g *Graph) Bytes() ([]byte, error) {
	if g.err != nil {
		return nil, g.err
	}
	list := make([]map[string]any, len(g.nodes))
	for i, n := range g.nodes {
		list[i] = n.props
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", " ")
	if err := enc.Encode(map[string]any{"@context": prefixes(g.namespace), "@graph": list}); err != nil {
		return nil, fault.New(fault.Invalid, "case: encode: %w", err)
	}
	return b.Bytes(), nil
}
