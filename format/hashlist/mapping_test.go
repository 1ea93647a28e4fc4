package hashlist

import (
	"testing"

	"tutela/fault"
)

func TestMapping(t *testing.T) {
	m, err := ParseMapping([]byte(`{"delimiter":"|","scheme":"unit","version":"3","region":"XX",
		"columns":{"Hash":"md5","Grade":"category","Ref":"id","Remark":"note","Found":"is_distributed"}}`))
	if err != nil {
		t.Fatal(err)
	}
	r := readText("Ref|sha1|Hash|Grade|Remark|Found\n17|zz|"+md5Text+"|B|one, two|J\n18||zz|A||y\n", Options{Mapping: m})
	h := r.Header()
	if r.err != nil || len(r.entries) != 1 || h.Refused != 1 || h.Scheme != "unit" || h.Version != "3" || h.Region != "XX" {
		t.Fatalf("%+v, %v", h, r.err)
	}
	e := r.entries[0]
	if e.SourceID != "17" || e.Category != "B" || e.Details.Note != "one, two" || e.Details.Distributed != "" || len(e.Values) != 1 {
		t.Errorf("%+v", e)
	}
	if r := readText("Ref|Hash\n17|"+md5Text+"\n", Options{Mapping: m}); fault.KindOf(r.err) != fault.Invalid {
		t.Errorf("missing columns gave %v", r.err)
	}
	r = readText("17|"+md5Text+"\n", Options{Mapping: Mapping{Columns: map[string]string{"a": "id", "b": "md5"}, Delimiter: "|"}, Columns: []string{"a", "b"}})
	if r.err != nil || len(r.entries) != 1 || r.entries[0].SourceID != "17" {
		t.Errorf("without a header: %+v, %v", r.entries, r.err)
	}
}

func TestMappingsThatSayNothing(t *testing.T) {
	for _, text := range []string{
		``, `[]`, `{"columns":{"a":"md4"}}`, `{"columns":{"a":"category"}}`, `{"columns":{"a":"id","b":"id","c":"md5"}}`,
		`{"colums":{}}`, `{"delimiter":"x"}`, `{} {}`,
	} {
		if _, err := ParseMapping([]byte(text)); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%s: %v", text, err)
		}
	}
	if _, err := ParseMapping([]byte(`{"scheme":"unit"}`)); err != nil {
		t.Error(err)
	}
}

func TestSchemeColumns(t *testing.T) {
	r := readText("md5,category,category_scheme,category_region\n"+md5Text+",1,a,US\n"+md5Text+",2,b,US\n", Options{})
	if h := r.Header(); r.err != nil || h.Scheme != "a" || h.Region != "US" || r.code(BadValue) != 1 {
		t.Errorf("%+v, %+v, %v", h, r.Findings(), r.err)
	}
}
