package identifiers

import (
	"strings"
	"testing"
)

func TestMasker(t *testing.T) {
	var m Masker
	if !m.Empty() || m.Text("Ana") != "Ana" {
		t.Error("the zero masker masks")
	}
	m.AddName("José García", "#1")
	m.AddName("Al", "#2")
	m.AddName("Eva de los Ríos", "#6")
	m.AddName("\u202a+34 612 345 678\u202c", "#3")
	m.AddValue(Email, "tip@example.org", "#4")
	m.AddValue(Handle, "telegram:some_name", "#5")
	for in, want := range map[string]string{
		"hola jose garcia!":             "hola #1!",
		"Jose\u0301 y García":           "#1 y #1",
		"@\u2068José García\u2069 ven":  "@\u2068#1 ven",
		"eva y los demas rios":          "#6 y los demas #6",
		"EVA DE LOS RIOS":               "#6",
		"Josefina vino":                 "Josefina vino",
		"Al vino al bar":                "#2 vino al bar",
		"ring 612345678 or 612-345-678": "ring #3 or #3",
		"ring 0034 612 345 678.":        "ring #3.",
		"+34 612 345 679":               "+34 612 345 679",
		"write tip@EXAMPLE.org":         "write #4",
		"wa.me/34612345678 ok":          "#3 ok",
		"mira @Some_Name":               "mira @#5",
		"":                              "",
		"from josegarcia_1":             "from #1_1",
		"6\ufe0f\u20e31\ufe0f\u20e32\ufe0f\u20e33\ufe0f\u20e34\ufe0f\u20e35\ufe0f\u20e36\ufe0f\u20e37\ufe0f\u20e38\ufe0f\u20e3 now": "#3\ufe0f\u20e3 now",
		"7700 900 123 – 600 000 1234 – 612 345 678.": "#3.",
	} {
		if got := m.Text(in); got != want {
			t.Errorf("Text(%q) = %q, want %q", in, got, want)
		}
	}
	if got := m.Text("IMG-García-612345678.jpg"); strings.Contains(got, "Garc") || strings.Contains(got, "612345678") {
		t.Errorf("a file name shows %q", got)
	}
}

func TestMaskerOfPersons(t *testing.T) {
	for _, c := range []struct{ label, in, want string }{
		{"the neighbour called Olmo Birke", "olmo birke came, then Olmo, the neighbour", "P-1 came, then #, the neighbour"},
		{"olmo birke", "Olmo A26 and birke", "# A26 and #"},
		{"Olmo de la Vega", "Olmo, de la Vega", "P-1"},
		{"张 伟", "张 伟 came", "P-1 came"},
		{"+34 612 345 678", "call 612 345 678", "call P-1"},
	} {
		var m Masker
		m.AddPerson(c.label, "P-1", "#")
		if got := m.Text(c.in); got != c.want {
			t.Errorf("%q in %q: got %q, want %q", c.label, c.in, got, c.want)
		}
	}
}
