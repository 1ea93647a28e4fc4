package demo

import (
	"archive/zip"
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"
)

// dialect writes an exported chat as one app and language does.
type dialect struct {
	name                              string
	header                            string // time layout up to the author
	newline                           string
	text                              string // name of the text inside the zip
	mark                              string // written before system text and attachments
	encrypted, created, added, left   string
	attached                          func(file string) string
	deleted                           string
	groupAsAuthor                     bool // system lines carry the group's name as author
	photoName, stickerName, otherName func(i int, t time.Time) string
}

func androidName(kind, ext string) func(int, time.Time) string {
	return func(i int, t time.Time) string {
		return fmt.Sprintf("%s-%s-WA%04d.%s", kind, t.Format("20060102"), i, ext)
	}
}

func iosName(kind, ext string) func(int, time.Time) string {
	return func(i int, t time.Time) string {
		return fmt.Sprintf("%08d-%s-%s.%s", i+1, kind, t.Format("2006-01-02-15-04-05"), ext)
	}
}

func dialects() []dialect {
	android := dialect{newline: "\n", photoName: androidName("IMG", "jpg"), stickerName: androidName("STK", "webp"), otherName: androidName("DOC", "zip")}
	en := android
	en.name, en.header, en.text = "android-en", "02/01/2006, 15:04 - ", "WhatsApp Chat with %s.txt"
	en.encrypted = "Messages and calls are end-to-end encrypted. No one outside of this chat, not even WhatsApp, can read or listen to them. Tap to learn more."
	en.created, en.added, en.left, en.deleted = `%s created group "%s"`, "%s added %s", "%s left", "This message was deleted"
	en.attached = func(f string) string { return f + " (file attached)" }
	es := android
	es.name, es.header, es.text = "android-es", "2/1/06, 15:04 - ", "Chat de WhatsApp con %s.txt"
	es.encrypted = "Los mensajes y las llamadas están cifrados de extremo a extremo. Nadie fuera de este chat, ni siquiera WhatsApp, puede leerlos ni escucharlos. Toca para obtener más información."
	es.created, es.added, es.left, es.deleted = `%s creó el grupo "%s"`, "%s añadió a %s", "%s salió del grupo", "Se eliminó este mensaje"
	es.attached = func(f string) string { return f + " (archivo adjunto)" }
	ios := dialect{name: "ios-en", header: "[02/01/2006, 15:04:05] ", newline: "\r\n", text: "_chat.txt", mark: "\u200e", groupAsAuthor: true,
		photoName: iosName("PHOTO", "jpg"), stickerName: iosName("STICKER", "webp"), otherName: iosName("DOCUMENT", "zip")}
	ios.encrypted, ios.created, ios.added, ios.left, ios.deleted = en.encrypted, "%s created group “%s”", "%s added %s", "%s left", "This message was deleted."
	ios.attached = func(f string) string { return "<attached: " + f + ">" }
	return []dialect{en, es, ios}
}

// chat builds one exported group.
type chat struct {
	d     dialect
	group string
	at    time.Time
	text  strings.Builder
	files []namedBytes
	count int
}

type namedBytes struct {
	name string
	data []byte
}

func (c *chat) step(r *rand.Rand) {
	c.at = c.at.Add(time.Duration(1+r.IntN(600)) * time.Minute)
}

func (c *chat) header() string { return c.at.Format(c.d.header) }

// system writes a system line.
func (c *chat) system(s string) {
	c.text.WriteString(c.header())
	if c.d.groupAsAuthor {
		c.text.WriteString(c.group + ": " + c.d.mark)
	}
	c.text.WriteString(s + c.d.newline)
}

// say writes a member's message.
func (c *chat) say(who, s string) {
	c.text.WriteString(c.header() + who + ": " + s + c.d.newline)
	c.count++
}

// send writes a message with a file.
func (c *chat) send(who string, name func(int, time.Time) string, data []byte) string {
	file := name(len(c.files), c.at)
	c.files = append(c.files, namedBytes{file, data})
	mark := ""
	if c.d.mark != "" { // this app marks the line and the placeholder
		mark = c.d.mark
	}
	c.text.WriteString(mark + c.header() + who + ": " + mark + c.d.attached(file) + c.d.newline)
	c.count++
	return file
}

// zip packs the export with fixed times.
func (c *chat) zip() []byte {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	name := c.d.text
	if strings.Contains(name, "%s") {
		name = fmt.Sprintf(name, c.group)
	}
	for _, f := range append([]namedBytes{{name, []byte(c.text.String())}}, c.files...) {
		h := &zip.FileHeader{Name: f.name, Method: zip.Deflate, Modified: c.at.UTC()}
		out, err := w.CreateHeader(h)
		must(err)
		_, err = out.Write(f.data)
		must(err)
	}
	must(w.Close())
	return b.Bytes()
}
