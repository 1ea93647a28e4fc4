package demo

import (
	"archive/zip"
	"bytes"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"tutela/hash/pdq"
)

// world is the state of one generation.
type world struct {
	r       *rand.Rand
	scale   Scale
	plan    *Plan
	members []Member
	photos  []func() *image.RGBA // draw the sources, always the same; the first few are "known"
	sticker []namedBytes
	known   []namedBytes // files whose digests go on the list
	err     error        // of the first file that could not be written
}

func (w *world) cast() {
	w.members = people(w.r, w.scale.Members)
	last := len(w.members) - 1
	w.members[last].Posts = false
	w.plan.Bystander = w.members[last]
	w.plan.Minor = w.members[1]
	w.plan.Witness = w.members[2]
	for _, m := range w.members {
		if m.Posts && !slices.Contains(w.plan.Countries, m.Country) {
			w.plan.Countries = append(w.plan.Countries, m.Country)
		}
	}
	slices.Sort(w.plan.Countries)
}

func (w *world) pictures() {
	draw := []func(*rand.Rand, int, int) *image.RGBA{hills, pattern, hills, noise}
	for i := range max(w.scale.Pictures/10, 8) {
		wide, high, seed := 480+16*w.r.IntN(20), 360+16*w.r.IntN(15), w.r.Uint64()
		photo := func() *image.RGBA { return draw[i%len(draw)](rand.New(rand.NewPCG(seed, uint64(i))), wide, high) }
		for i < 4 && !telling(photo()) { // those on the list must be found again
			seed++
		}
		w.photos = append(w.photos, photo)
	}
	for i := range 6 {
		w.sticker = append(w.sticker, namedBytes{fmt.Sprintf("sticker-%d.webp", i), asWebP(sticker(w.r, 512))})
	}
	w.known = append(w.known,
		namedBytes{"known-0.jpg", asJPEG(w.photos[0](), 90)},
		namedBytes{"known-1.png", asPNG(w.photos[2]())},
		w.sticker[0])
}

// photo returns one picture as it travels in a chat: mostly unknown, sometimes
// a known one as it is, re-encoded or resized.
func (w *world) photo() []byte {
	switch w.r.IntN(8) {
	case 0:
		w.plan.Known++
		return w.known[0].data
	case 1:
		w.plan.Known++
		return asJPEG(w.photos[0](), 60+w.r.IntN(20))
	case 2:
		w.plan.Known++
		return asJPEG(half(w.photos[2]()), 85)
	}
	return asJPEG(w.photos[4+w.r.IntN(len(w.photos)-4)](), 80+w.r.IntN(15))
}

// group writes one exported chat.
func (w *world) group(i int) {
	ds := dialects()
	c := &chat{d: ds[i%len(ds)], group: fmt.Sprintf("Senderos %d", i+1), at: time.Date(2025, 3, 14, 8, 0, 0, 0, time.UTC)}
	n := max(len(w.members)/2, 8)
	var in []Member
	for k := range n {
		in = append(in, w.members[(i*7+k)%len(w.members)])
	}
	switch i {
	case 0:
		in = append(in, w.plan.Bystander, w.plan.Minor)
	case 2: // whose telephone this is has not saved her
		unsaved := w.plan.Minor
		unsaved.Name = ""
		in = append(in, unsaved)
	}
	exporter := "You"
	if c.d.name == "android-es" {
		exporter = "Tú"
	}
	c.system(c.d.encrypted)
	c.step(w.r)
	c.system(fmt.Sprintf(c.d.created, in[0].label(), c.group))
	for _, m := range in[1:] {
		c.step(w.r)
		c.system(fmt.Sprintf(c.d.added, in[0].label(), m.label()))
	}
	own := in[1]
	if i == 1 {
		own = w.plan.Witness
		c.system(fmt.Sprintf(c.d.added, in[0].label(), exporter))
	}
	w.talk(c, in, own)
	c.step(w.r)
	c.system(fmt.Sprintf(c.d.left, in[len(in)-1].label()))
	name := fmt.Sprintf("WhatsApp Chat - %s.zip", c.group)
	path := filepath.Join("exports", name)
	if i == 1 {
		path = filepath.Join("witness", name)
		w.plan.Protected = path
	} else {
		w.plan.Exports = append(w.plan.Exports, path)
	}
	w.put(path, c.zip())
	w.plan.Messages += c.count
}

// talk writes the messages of a group.
func (w *world) talk(c *chat, in []Member, own Member) {
	posting := slices.DeleteFunc(slices.Clone(in), func(m Member) bool { return !m.Posts })
	posting = append(posting, own)
	per, media := w.scale.Messages/w.scale.Groups, w.scale.Pictures/w.scale.Groups
	for k := range per {
		c.step(w.r)
		who := posting[k%len(posting)].label()
		switch {
		case k < media:
			c.send(who, c.d.photoName, w.photo())
		case k == media:
			c.send(who, c.d.otherName, w.nested())
		case k%17 == 0:
			c.send(who, c.d.stickerName, w.sticker[w.r.IntN(len(w.sticker))].data)
		case k%23 == 0:
			c.say(who, c.d.deleted)
		case k%19 == 0:
			m := w.members[w.r.IntN(len(w.members))]
			c.say(who, "ask "+m.Phone+" or write to "+strings.ToLower(firstNames[w.r.IntN(len(firstNames))])+"@example.org")
		default:
			c.say(who, phrases[w.r.IntN(len(phrases))])
		}
	}
	if slices.Contains(in, w.plan.Minor) {
		c.step(w.r)
		c.say(w.plan.Minor.label(), "I am 15, what is this group about?")
	}
}

var phrases = []string{"the path along the river is open", "mañana llueve en la sierra", "new map, see picture", "who has the list of huts?",
	"first line\nsecond line of the same message", "https://chat.whatsapp.com/AbCdEfGhIjKlMnOpQrStUv", "ok", "ratio 3:2 at 10:30", "🌲🌲", "bis morgen"}

// nested is a zip in a zip that holds a known item under another name, and a
// damaged picture.
func (w *world) nested() []byte {
	w.plan.Known++
	inner := pack([]namedBytes{{"holiday.png", w.known[1].data}, {"broken.jpg", w.known[0].data[:200]}})
	return pack([]namedBytes{{"inner.zip", inner}, {"readme.txt", []byte("nothing here\n")}})
}

func pack(files []namedBytes) []byte {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, f := range files {
		out, err := z.CreateHeader(&zip.FileHeader{Name: f.name, Method: zip.Deflate})
		must(err)
		_, err = out.Write(f.data)
		must(err)
	}
	must(z.Close())
	return b.Bytes()
}

// tip is the citizen's mail that begins the case.
func (w *world) tip() {
	p := w.members[0]
	w.plan.Mail = filepath.Join("mail", "tip.eml")
	w.put(w.plan.Mail, []byte(strings.ReplaceAll(fmt.Sprintf(`From: A citizen <citizen@example.org>
To: Public mailbox <tips@example.net>
Subject: =?utf-8?q?A_group_that_somebody_should_see_=E2=80=93_urgent?=
Date: Fri, 14 Mar 2025 07:12:33 +0100
Message-ID: <demo-1@example.org>
MIME-Version: 1.0
Content-Type: text/plain; charset=utf-8

I was added to a group called "Senderos 1". The person who runs it writes
from %s. I left at once. The link was https://chat.whatsapp.com/AbCdEfGhIjKlMnOpQrStUv
`, p.Phone), "\n", "\r\n")))
}

// seizedFolder is a small disk: pictures, documents, the decoys.
func (w *world) seizedFolder() {
	add := func(name string, data []byte) {
		w.put(filepath.Join("seized-pc", filepath.FromSlash(name)), data)
	}
	for i := range w.scale.FolderFiles {
		switch {
		case i%4 == 0:
			add(fmt.Sprintf("Pictures/2025/DSC_%04d.jpg", i), w.photo())
		default:
			add(fmt.Sprintf("Documents/notes-%03d.txt", i), []byte(fmt.Sprintf("note %d\n%s\n", i, phrases[i%len(phrases)])))
		}
	}
	w.plan.Known += 2
	add("Pictures/renamed.dat", w.known[1].data) // a known item under a name that hides its type
	add("Downloads/archive.zip", w.nested())
	add("Downloads/broken.zip", w.nested()[:300])
	add("Downloads/empty.jpg", nil)
	add("Documents/contacts.txt", []byte("call "+w.members[3].Phone+"\n"))
}

// list writes the hash list: digests of the known items and, of photographs,
// the perceptual hash by which copies are found that were encoded again.
func (w *world) list() {
	w.plan.List = filepath.Join("lists", "known-items.csv")
	var b strings.Builder
	b.WriteString("id,md5,sha1,sha256,pdq,category\n")
	for i, k := range w.known {
		fmt.Fprintf(&b, "demo-%d,%x,%x,%x,%s,1\n", i, md5.Sum(k.data), sha1.Sum(k.data), sha256.Sum256(k.data), perceptual(k))
	}
	w.put(w.plan.List, []byte(b.String()))
	for _, k := range w.known {
		w.put(filepath.Join("lists", "sources", k.name), k.data)
	}
}

// perceptual returns the PDQ of a photograph, "" for a sticker.
func perceptual(k namedBytes) string {
	decode := map[string]func(io.Reader) (image.Image, error){".jpg": jpeg.Decode, ".png": png.Decode}[filepath.Ext(k.name)]
	if decode == nil {
		return ""
	}
	img, err := decode(bytes.NewReader(k.data))
	must(err)
	h, _ := fingerprint(img)
	return h.String()
}

// telling reports whether a picture has a fingerprint of good quality.
func telling(img image.Image) bool {
	h, quality := fingerprint(img)
	return quality >= 90 && h.Telling()
}

func fingerprint(img image.Image) (pdq.Hash, int) {
	size := img.Bounds().Size()
	pix := make([]byte, 0, 3*size.X*size.Y)
	for y := range size.Y {
		for x := range size.X {
			c := color.RGBAModel.Convert(img.At(x, y)).(color.RGBA)
			pix = append(pix, c.R, c.G, c.B)
		}
	}
	h, quality, err := pdq.New().Hash(pdq.Image{W: size.X, H: size.Y, Channels: 3, Pix: pix}, pdq.Ref512)
	must(err)
	return h, quality
}

// put writes a file at once, so that a large operation is never in memory;
// name is relative to the folder of the plan.
func (w *world) put(name string, data []byte) {
	if w.err != nil {
		return
	}
	p := filepath.Join(w.plan.Dir, name)
	if w.err = os.MkdirAll(filepath.Dir(p), 0o700); w.err != nil {
		return
	}
	if w.err = os.WriteFile(p, data, 0o600); w.err == nil {
		mtime := time.Date(2025, 4, 1, 12, 0, 0, 0, time.UTC)
		w.err = os.Chtimes(p, mtime, mtime)
	}
}

// end makes the paths of the plan whole.
func (w *world) end() error {
	p := w.plan
	for _, s := range []*string{&p.Protected, &p.Mail, &p.List} {
		*s = filepath.Join(p.Dir, *s)
	}
	for i := range p.Exports {
		p.Exports[i] = filepath.Join(p.Dir, p.Exports[i])
	}
	return w.err
}
