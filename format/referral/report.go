package referral

import (
	"bytes"
	"embed"
	"html/template"
	"time"

	"tutela/fault"
	"tutela/format/when"
)

//go:embed pages
var pages embed.FS

// view is what the templates see.
type view struct {
	Package
	At     string
	labels Labels
}

// L returns a sentence in the report's language.
func (v view) L(key string) (string, error) { return v.labels.get(key) }

// When returns a time as a person reads it.
func (v view) When(t when.Time) (string, error) {
	unknown, err := v.labels.get("zone_unknown")
	return wrote(t, unknown), err
}

// W returns a code in the report's language.
func (v view) W(code string) string { return v.labels.Word(code) }

// Period returns when an identifier wrote, "" when it did not.
func (v view) Period(id string) (string, error) {
	unknown, err := v.labels.get("zone_unknown")
	return v.Seen(id, unknown), err
}

// MessagesOf returns the messages of one group, in order.
func (v view) MessagesOf(group string) []Message {
	var list []Message
	for _, m := range v.Messages {
		if m.Group == group {
			list = append(list, m)
		}
	}
	return list
}

// Value returns the value of an identifier by its id.
func (v view) Value(id string) string {
	for _, x := range v.Identifiers {
		if x.ID == id {
			return x.Value
		}
	}
	return ""
}

// Item returns an item by its id.
func (v view) Item(id string) Item {
	for _, x := range v.Items {
		if x.ID == id {
			return x
		}
	}
	return Item{}
}

// Person returns the name of a person by its id.
func (v view) Person(id string) string {
	for _, x := range v.Persons {
		if x.ID == id {
			return x.Name
		}
	}
	return ""
}

// Group returns the label of a group by its id.
func (v view) Group(id string) string {
	for _, x := range v.Groups {
		if x.ID == id {
			return x.Label
		}
	}
	return ""
}

// page renders one of the embedded pages.
func (p Package) page(name string, at time.Time, labels Labels) ([]byte, error) {
	t, err := template.ParseFS(pages, "pages/"+name, "pages/parts.html")
	if err != nil {
		return nil, fault.New(fault.Invalid, "referral: page %s: %w", name, err)
	}
	var b bytes.Buffer
	if err := t.Execute(&b, view{Package: p, At: at.UTC().Format(time.RFC3339), labels: labels}); err != nil {
		return nil, fault.New(fault.Invalid, "referral: page %s: %w", name, err)
	}
	return b.Bytes(), nil
}
