package archive

import (
	"bytes"
	"encoding/binary"
	"io/fs"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"archive/zip"

	"tutela/format"
	"tutela/format/when"
)

// TestModes reads the attributes that different systems write.
func TestModes(t *testing.T) {
	for _, c := range []struct {
		name    string
		creator uint16
		attrs   uint32
		want    fs.FileMode
	}{
		{"a", 3 << 8, 0o100644 << 16, 0o644},
		{"a", 3 << 8, 0o120777 << 16, fs.ModeSymlink | 0o777},
		{"a", 3 << 8, 0o040755 << 16, fs.ModeDir | 0o755},
		{"a", 3 << 8, 0o060600 << 16, fs.ModeDevice | 0o600},
		{"a", 3 << 8, 0o010600 << 16, fs.ModeNamedPipe | 0o600},
		{"a", 3 << 8, 0o140600 << 16, fs.ModeSocket | 0o600},
		{"a/", 0, 0, fs.ModeDir | 0o755},
		{`a\`, 0, 0, fs.ModeDir | 0o755},
		{"a", 0, 0x10, fs.ModeDir | 0o755},
		{"a", 0, 0x20, 0},
	} {
		e := entry{name: []byte(c.name), creator: c.creator, attrs: c.attrs}
		if got := e.mode(); got != c.want {
			t.Errorf("%q %x %o: %v, want %v", c.name, c.creator, c.attrs, got, c.want)
		}
	}
}

// extra makes one extra field.
func extra(id uint16, data ...byte) []byte {
	b := binary.LittleEndian.AppendUint16(nil, id)
	b = binary.LittleEndian.AppendUint16(b, uint16(len(data)))
	return append(b, data...)
}

func TestTimes(t *testing.T) {
	ntfs := binary.LittleEndian.AppendUint64([]byte{0, 0, 0, 0, 1, 0, 24, 0}, 133858983670000000)
	for _, c := range []struct {
		name  string
		e     entry
		want  when.Time
		basis string
	}{
		{"DOS", entry{dosDate: 45<<9 | 3<<5 | 13, dosTime: 10<<11 | 5<<5 | 4}, when.Time{Wall: "2025-03-13T10:05:08", Precision: when.Second}, "zip DOS time, local, even seconds"},
		{"none", entry{}, when.Time{}, ""},
		{"impossible", entry{dosDate: 45<<9 | 15<<5 | 13}, when.Time{}, "zip DOS time, impossible"},
		{"extended", entry{dosDate: 1, extra: extra(0x5455, 1, 0, 0, 0, 0x50)}, when.Time{Wall: "2012-07-13T11:01:20", Zone: "Z", UTC: "2012-07-13T11:01:20Z", Precision: when.Second}, "zip extended timestamp"},
		{"NTFS", entry{dosDate: 1, extra: extra(0x000a, ntfs...)}, when.Time{Wall: "2025-03-08T09:06:07", Zone: "Z", UTC: "2025-03-08T09:06:07Z", Precision: when.Second}, "zip NTFS time"},
		{"cut field", entry{extra: []byte{0x55, 0x54, 200, 0, 1}}, when.Time{}, ""},
	} {
		got := c.e.modified()
		if got.Wall != c.want.Wall || got.Zone != c.want.Zone || got.UTC != c.want.UTC || got.Precision != c.want.Precision || got.Basis != c.basis {
			t.Errorf("%s: %+v, want %+v", c.name, got, c.want)
		}
	}
}

func TestZip64Fields(t *testing.T) {
	field := binary.LittleEndian.AppendUint64(nil, 5<<32)
	field = binary.LittleEndian.AppendUint64(field, 4<<32)
	e := entry{size: 0xFFFFFFFF, stored: 0xFFFFFFFF, offset: 7, extra: extra(1, field...)}
	if e.zip64(); e.size != 5<<32 || e.stored != 4<<32 || e.offset != 7 {
		t.Errorf("%+v", e)
	}
	e = entry{size: 0xFFFFFFFF, extra: extra(1, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF)}
	if e.zip64(); e.size < 0 {
		t.Errorf("negative size %d", e.size)
	}
}

// TestFlippedBytes damages a zip at every byte: the walk must come back with
// members, a finding or both, and never with wrong content unnoticed.
func TestFlippedBytes(t *testing.T) {
	in := zipOf(t, zip.Deflate, "a.txt", strings.Repeat("alpha ", 40), "b.txt", "beta")
	for i := range in {
		bad := slices.Clone(in)
		bad[i] ^= 0x41
		members, found := walk(t, bad, Zip, format.Limits{Bytes: 1 << 20})
		for _, m := range members {
			right := m.Content == strings.Repeat("alpha ", 40) || m.Content == "beta"
			if m.Member.IsFile() && !right && len(found) == 0 {
				t.Fatalf("byte %d: %q unnoticed", i, m.Content)
			}
		}
		if len(members) == 0 && len(found) == 0 {
			t.Fatalf("byte %d: nothing read and nothing said", i)
		}
	}
}

// TestTruncated cuts a zip at every length.
func TestTruncated(t *testing.T) {
	in := zipOf(t, zip.Store, "a.txt", "alpha", "b.txt", "beta")
	for n := range in {
		if _, found := walk(t, in[:n], Zip, format.Limits{}); len(found) == 0 {
			t.Errorf("%d bytes: nothing said", n)
		}
	}
}

func TestRandomBytesEnd(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 50 {
		in := make([]byte, r.IntN(5000))
		for i := range in {
			in[i] = byte(r.Uint32())
		}
		copy(in, "PK\x03\x04")
		for _, k := range []Kind{Zip, Tar, Gzip, TarGz} {
			walk(t, in, k, format.Limits{Items: 100, Bytes: 1 << 20})
		}
	}
}

// TestManyHeaders: a salvage over many tiny members stays linear.
func TestManyHeaders(t *testing.T) {
	one := zipOf(t, zip.Store, "a", "x")
	header := one[:bytes.Index(one, []byte("PK\x01\x02"))]
	members, found := walk(t, bytes.Repeat(header, 20_000), Zip, format.Limits{})
	if len(members) != 20_000 || !has(found, "zip.directory") || len(found) > 100 {
		t.Errorf("%d members, %d findings", len(members), len(found))
	}
}

func TestLocalNameDiffers(t *testing.T) {
	in := zipOf(t, zip.Store, "a.txt", "alpha")
	at := bytes.LastIndex(in, []byte("a.txt"))
	in[at] = 'b'
	if members, found := walk(t, in, Zip, format.Limits{}); !has(found, "zip.two-names") || members[0].Path != "b.txt" {
		t.Errorf("%+v %+v", members, found)
	}
}
