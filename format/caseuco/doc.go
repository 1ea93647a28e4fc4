// Package caseuco writes CASE/UCO 1.4.0 graphs as JSON-LD with an inline
// context of prefixes. It promises that the same calls give the same bytes,
// that every node has its own IRI and every reference a node; it never emits a
// remote context and never derives an IRI from anything but the graph's own
// namespace and the local name it was given.
//
// Sources of the terms: casework/CASE and ucoProject/UCO, release 1.4.0.
package caseuco

// prefixes is the whole @context beside kb, which is the graph's namespace.
func prefixes(namespace string) map[string]string {
	const uco = "https://ontology.unifiedcyberontology.org/uco/"
	return map[string]string{
		"kb":                 namespace,
		"case-investigation": "https://ontology.caseontology.org/case/investigation/",
		"co":                 "http://purl.org/co/",
		"tutela":             "urn:tutela:vocabulary:1:",
		"uco-action":         uco + "action/",
		"uco-analysis":       uco + "analysis/",
		"uco-core":           uco + "core/",
		"uco-identity":       uco + "identity/",
		"uco-marking":        uco + "marking/",
		"uco-observable":     uco + "observable/",
		"uco-role":           uco + "role/",
		"uco-tool":           uco + "tool/",
		"uco-types":          uco + "types/",
		"uco-victim":         uco + "victim/",
		"xsd":                "http://www.w3.org/2001/XMLSchema#",
	}
}
