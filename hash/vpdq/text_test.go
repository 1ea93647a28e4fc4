package vpdq

import (
	"bytes"
	"errors"
	"reflect"
	"strings"
	"testing"
)

const (
	hashA = "e271017837246aaccddea259648fb7d62f435c89d9e99b2497763e216c8d055c"
	hashB = "c0f11178372c6aaccddea259648fbfd62f434c89c9e99b249772be216c8d055c"
)

func TestText(t *testing.T) {
	text := "0,100," + hashA + ",0.000\n30,7," + hashB + ",1.001\n"
	fs, err := ReadText(strings.NewReader(text))
	if err != nil || len(fs) != 2 || fs[1].Number != 30 || fs[1].Quality != 7 || fs[1].Hash.String() != hashB || fs[1].Seconds != 1.001 {
		t.Fatalf("%+v, %v", fs, err)
	}
	again, err := ReadText(strings.NewReader(strings.ReplaceAll(text, "\n", "\r\n")))
	if err != nil || !reflect.DeepEqual(again, fs) {
		t.Errorf("with other ends of line: %v", err)
	}
	if none, err := ReadText(strings.NewReader("")); err != nil || len(none) != 0 {
		t.Errorf("an empty file: %v, %v", none, err)
	}
	for name, bad := range map[string]string{
		"no seconds":     "0,100," + hashA + "\n",
		"a header":       "frame,quality,hash,seconds\n",
		"an empty line":  "\n",
		"quality 101":    "0,101," + hashA + ",0\n",
		"short hash":     "0,100," + hashA[:32] + ",0\n",
		"negative frame": "-1,100," + hashA + ",0\n",
		"huge frame":     "9999999999,100," + hashA + ",0\n",
		"negative time":  "0,100," + hashA + ",-1\n",
		"no number":      "0,100," + hashA + ",NaN\n",
		"endless time":   "0,100," + hashA + ",Inf\n",
		"hexadecimal":    "0,100," + hashA + ",0x1\n",
		"long line":      "0,100," + hashA + "," + strings.Repeat("0", 300) + "\n",
		"second line":    "0,100," + hashA + ",0\nx\n",
	} {
		if _, err := ReadText(strings.NewReader(bad)); !errors.Is(err, ErrSyntax) || !strings.Contains(err.Error(), "line") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := ReadText(strings.NewReader("0,100," + hashA + ",0\nx\n")); err == nil || !strings.HasSuffix(err.Error(), "line 2") {
		t.Errorf("the place: %v", err)
	}
}

func TestJSON(t *testing.T) {
	text := `["` + hashA + `,100,0.000", "` + hashB + `,7,1.001"]`
	fs, err := ReadJSON(strings.NewReader(text))
	if err != nil || len(fs) != 2 || fs[1].Number != -1 || fs[1].Quality != 7 || fs[1].Seconds != 1.001 || fs[0].Hash.String() != hashA {
		t.Fatalf("%+v, %v", fs, err)
	}
	var b bytes.Buffer
	if err := WriteJSON(&b, fs); err != nil || b.String() != text {
		t.Errorf("written: %s", b.String())
	}
	if none, err := ReadJSON(strings.NewReader("[]")); err != nil || len(none) != 0 {
		t.Errorf("an empty film: %v, %v", none, err)
	}
	for name, bad := range map[string]string{
		"nothing": "", "a text": `"x"`, "an object": `{}`, "numbers": "[1]", "nested": `[["x"]]`, "open": `["` + hashA + `,100,0.0"`,
		"two arrays": "[][]", "four parts": `["0,` + hashA + `,100,0.0"]`, "no hash": `["x,100,0.0"]`, "null": "[null]",
		"no comma": `["` + hashA + `,100,0.0" "` + hashA + `,100,0.0"]`,
	} {
		if _, err := ReadJSON(strings.NewReader(bad)); !errors.Is(err, ErrSyntax) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestTooLong(t *testing.T) {
	line := "0,100," + hashA + ",0\n"
	if _, err := ReadText(strings.NewReader(strings.Repeat(line, MaxFrames+1))); err != ErrLong {
		t.Errorf("text: %v", err)
	}
	element := `"` + hashA + `,100,0",`
	if _, err := ReadJSON(strings.NewReader("[" + strings.Repeat(element, MaxFrames) + element[:len(element)-1] + "]")); err != ErrLong {
		t.Errorf("json: %v", err)
	}
}

func FuzzReadText(f *testing.F) {
	f.Add("0,100," + hashA + ",0.000\n30,7," + hashB + ",1.001\n")
	f.Add("0,100," + hashA + ",1e3")
	f.Fuzz(func(t *testing.T, s string) {
		fs, err := ReadText(strings.NewReader(s))
		if err != nil {
			return
		}
		var b bytes.Buffer
		if err := WriteText(&b, fs); err != nil {
			t.Fatal(err)
		}
		again, err := ReadText(&b)
		if err != nil || len(again) != len(fs) {
			t.Fatalf("%d frames, %v", len(again), err)
		}
		for i := range fs {
			fs[i].Seconds, again[i].Seconds = 0, 0
		}
		if !reflect.DeepEqual(fs, again) {
			t.Fatal("not the same when read again")
		}
	})
}

func FuzzReadJSON(f *testing.F) {
	f.Add(`["` + hashA + `,100,0.000", "` + hashB + `,7,1.001"]`)
	f.Add(`["` + hashA + `,100, 3.25"]`)
	f.Fuzz(func(t *testing.T, s string) {
		fs, err := ReadJSON(strings.NewReader(s))
		if err != nil {
			return
		}
		var b bytes.Buffer
		if err := WriteJSON(&b, fs); err != nil {
			t.Fatal(err)
		}
		if again, err := ReadJSON(&b); err != nil || len(again) != len(fs) {
			t.Fatalf("%d frames, %v", len(again), err)
		}
	})
}
