package format

import "testing"

func TestOrDefaultFillsOnlyZeroFields(t *testing.T) {
	d := DefaultLimits()
	if got := (Limits{}).OrDefault(); got != d {
		t.Errorf("empty limits gave %+v", got)
	}
	l := Limits{Bytes: 1, Items: 2, Depth: 3, Ratio: 4, Text: 5, Pixels: 6}
	if got := l.OrDefault(); got != l {
		t.Errorf("set limits were changed: %+v", got)
	}
	if got := (Limits{Depth: 2}).OrDefault(); got.Depth != 2 || got.Items != d.Items {
		t.Errorf("got %+v", got)
	}
}

func TestDefaultsAreBounds(t *testing.T) {
	d := DefaultLimits()
	for name, v := range map[string]int64{"bytes": d.Bytes, "items": int64(d.Items), "depth": int64(d.Depth),
		"ratio": d.Ratio, "text": d.Text, "pixels": d.Pixels} {
		if v <= 0 {
			t.Errorf("%s is not bounded", name)
		}
	}
}
