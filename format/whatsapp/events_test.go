package whatsapp

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"tutela/format"
)

// you is the exporter in an expected event.
var you = []string{Exporter}

func TestEnglishEvents(t *testing.T) {
	events(t, "en", map[string]Event{
		`Ada Larch created group "Trail"`:                                {Verb: Created, Actor: "Ada Larch", To: "Trail"},
		`You created group “Trail”`:                                      {Verb: Created, Actor: Exporter, To: "Trail"},
		`Ada Larch added Ben Pine`:                                       {Verb: Added, Actor: "Ada Larch", Objects: []string{"Ben Pine"}},
		`Ada Larch added Ben Pine, Cleo Oak and Dan Elm`:                 {Verb: Added, Actor: "Ada Larch", Objects: []string{"Ben Pine", "Cleo Oak", "Dan Elm"}},
		`Ada Larch added you`:                                            {Verb: Added, Actor: "Ada Larch", Objects: you},
		`Ada Larch added you and Ben Pine`:                               {Verb: Added, Actor: "Ada Larch", Objects: []string{Exporter, "Ben Pine"}},
		`You added Ben Pine`:                                             {Verb: Added, Actor: Exporter, Objects: []string{"Ben Pine"}},
		`You were added`:                                                 {Verb: Added, Objects: you},
		`Ben Pine was added`:                                             {Verb: Added, Objects: []string{"Ben Pine"}},
		`Ada Larch removed Ben Pine`:                                     {Verb: Removed, Actor: "Ada Larch", Objects: []string{"Ben Pine"}},
		`Ada Larch removed you`:                                          {Verb: Removed, Actor: "Ada Larch", Objects: you},
		`You removed Ben Pine`:                                           {Verb: Removed, Actor: Exporter, Objects: []string{"Ben Pine"}},
		`You were removed`:                                               {Verb: Removed, Objects: you},
		`Ben Pine left`:                                                  {Verb: Left, Actor: "Ben Pine"},
		`You left`:                                                       {Verb: Left, Actor: Exporter},
		`Dan Elm joined using this group's invite link`:                  {Verb: JoinedLink, Actor: "Dan Elm"},
		`Dan Elm joined using this group’s invite link`:                  {Verb: JoinedLink, Actor: "Dan Elm"},
		`You joined using this group's invite link`:                      {Verb: JoinedLink, Actor: Exporter},
		`Dan Elm joined from the community`:                              {Verb: Joined, Actor: "Dan Elm"},
		`Dan Elm requested to join`:                                      {Verb: Requested, Actor: "Dan Elm"},
		`Ada Larch changed the subject from "a" to "b"`:                  {Verb: SubjectChanged, Actor: "Ada Larch", From: "a", To: "b"},
		`Ada Larch changed the subject to "b"`:                           {Verb: SubjectChanged, Actor: "Ada Larch", To: "b"},
		`You changed the group name from "a" to "b"`:                     {Verb: SubjectChanged, Actor: Exporter, From: "a", To: "b"},
		`Ada Larch changed this group's icon`:                            {Verb: IconChanged, Actor: "Ada Larch"},
		`You deleted this group's icon`:                                  {Verb: IconDeleted, Actor: Exporter},
		`Ada Larch changed the group description`:                        {Verb: DescriptionChanged, Actor: "Ada Larch"},
		`Ada Larch deleted the group description`:                        {Verb: DescriptionDeleted, Actor: "Ada Larch"},
		`+44 7700 900123 changed to +44 7700 900456`:                     {Verb: NumberChanged, Actor: "+44 7700 900123", To: "+44 7700 900456"},
		`Ada Larch changed their phone number. Tap to add.`:              {Verb: NumberChanged, Actor: "Ada Larch"},
		`You're now an admin`:                                            {Verb: AdminGranted, Objects: you},
		`You're no longer an admin`:                                      {Verb: AdminRevoked, Objects: you},
		`Ben Pine is now an admin`:                                       {Verb: AdminGranted, Objects: []string{"Ben Pine"}},
		`Ada Larch dismissed Ben Pine as admin`:                          {Verb: AdminRevoked, Actor: "Ada Larch", Objects: []string{"Ben Pine"}},
		`Ada Larch changed this group's settings to allow only admins`:   {Verb: Settings, Actor: "Ada Larch"},
		`You turned on admin approval to join this group`:                {Verb: Settings, Actor: Exporter},
		`Ada Larch turned on disappearing messages. New ones vanish.`:    {Verb: TimerOn, Actor: "Ada Larch"},
		`You turned off disappearing messages.`:                          {Verb: TimerOff, Actor: Exporter},
		`Your security code with Ben Pine changed. Tap to learn more.`:   {Verb: SecurityCode, Objects: []string{"Ben Pine"}},
		`You blocked this contact. Tap to unblock.`:                      {Verb: Blocked},
		`You unblocked this contact`:                                     {Verb: Unblocked},
		`Ben Pine pinned a message`:                                      {Verb: Pinned, Actor: "Ben Pine"},
		`This chat is with a business account. Tap to learn more.`:       {Verb: Notice},
		`Messages and calls are end-to-end encrypted. Tap to learn more`: {Verb: Encryption},
		`Qwertz uiop asdf`:                                               {Verb: Unparsed},
	})
}

func TestSpanishEvents(t *testing.T) {
	events(t, "es", map[string]Event{
		`Lía Roble creó el grupo "Senderos"`:                                {Verb: Created, Actor: "Lía Roble", To: "Senderos"},
		`Creaste el grupo "Senderos"`:                                       {Verb: Created, Actor: Exporter, To: "Senderos"},
		`Lía Roble agregó a Hugo Haya`:                                      {Verb: Added, Actor: "Lía Roble", Objects: []string{"Hugo Haya"}},
		`Lía Roble añadió a Hugo Haya, Nora Tejo y Omar Fresno`:             {Verb: Added, Actor: "Lía Roble", Objects: []string{"Hugo Haya", "Nora Tejo", "Omar Fresno"}},
		`Lía Roble te añadió`:                                               {Verb: Added, Actor: "Lía Roble", Objects: you},
		`Agregaste a Hugo Haya`:                                             {Verb: Added, Actor: Exporter, Objects: []string{"Hugo Haya"}},
		`Te añadieron al grupo`:                                             {Verb: Added, Objects: you},
		`Lía Roble eliminó a Hugo Haya`:                                     {Verb: Removed, Actor: "Lía Roble", Objects: []string{"Hugo Haya"}},
		`Lía Roble te eliminó`:                                              {Verb: Removed, Actor: "Lía Roble", Objects: you},
		`Eliminaste a Hugo Haya`:                                            {Verb: Removed, Actor: Exporter, Objects: []string{"Hugo Haya"}},
		`Hugo Haya salió del grupo`:                                         {Verb: Left, Actor: "Hugo Haya"},
		`Saliste del grupo`:                                                 {Verb: Left, Actor: Exporter},
		`Nora Tejo se unió usando el enlace de invitación de este grupo`:    {Verb: JoinedLink, Actor: "Nora Tejo"},
		`Te uniste usando el enlace de invitación de este grupo`:            {Verb: JoinedLink, Actor: Exporter},
		`Nora Tejo se unió desde la comunidad`:                              {Verb: Joined, Actor: "Nora Tejo"},
		`Lía Roble cambió el asunto de "a" a "b"`:                           {Verb: SubjectChanged, Actor: "Lía Roble", From: "a", To: "b"},
		`Cambiaste el nombre del grupo de «a» a «b»`:                        {Verb: SubjectChanged, Actor: Exporter, From: "a", To: "b"},
		`Lía Roble cambió el ícono de este grupo`:                           {Verb: IconChanged, Actor: "Lía Roble"},
		`Lía Roble eliminó el icono de este grupo`:                          {Verb: IconDeleted, Actor: "Lía Roble"},
		`Lía Roble cambió la descripción del grupo`:                         {Verb: DescriptionChanged, Actor: "Lía Roble"},
		`Lía Roble eliminó la descripción del grupo`:                        {Verb: DescriptionDeleted, Actor: "Lía Roble"},
		`Lía Roble cambió su número de teléfono a un nuevo número. Toca.`:   {Verb: NumberChanged, Actor: "Lía Roble"},
		`+34 600 000 101 cambió a +34 600 000 202`:                          {Verb: NumberChanged, Actor: "+34 600 000 101", To: "+34 600 000 202"},
		`Ahora eres admin. del grupo`:                                       {Verb: AdminGranted, Objects: you},
		`Ya no eres administrador`:                                          {Verb: AdminRevoked, Objects: you},
		`Lía Roble cambió los ajustes de este grupo para permitir todo`:     {Verb: Settings, Actor: "Lía Roble"},
		`Activaste los mensajes temporales. Los mensajes desaparecerán.`:    {Verb: TimerOn, Actor: Exporter},
		`Lía Roble desactivó los mensajes temporales.`:                      {Verb: TimerOff, Actor: "Lía Roble"},
		`Cambió tu código de seguridad con Hugo Haya. Toca para saber más.`: {Verb: SecurityCode, Objects: []string{"Hugo Haya"}},
		`Bloqueaste a este contacto. Toca para desbloquearlo.`:              {Verb: Blocked},
		`Desbloqueaste a este contacto`:                                     {Verb: Unblocked},
		`Hugo Haya fijó un mensaje`:                                         {Verb: Pinned, Actor: "Hugo Haya"},
		`Los mensajes y las llamadas están cifrados de extremo a extremo.`:  {Verb: Encryption},
		`Qwertz uiop asdf`:                                                  {Verb: Unparsed},
	})
}

// events checks each phrase as an Android and as an iOS record.
func events(t *testing.T, lang string, want map[string]Event) {
	t.Helper()
	for text, w := range want {
		for _, in := range []string{"13/03/2025, 10:00 - " + text + "\n", "[13/03/2025, 10:00:01] Group: \u200e" + text + "\r\n"} {
			c, fs := Read([]byte(in), nil, format.Limits{})
			m := c.Messages[0]
			if m.Kind != System || m.Event == nil || !reflect.DeepEqual(*m.Event, w) {
				t.Errorf("%q: %s %+v, want %+v", in, m.Kind, m.Event, w)
				continue
			}
			if (w.Verb == Unparsed) != has(fs, "whatsapp.unknown-phrase") {
				t.Errorf("%q: findings %+v", in, fs)
			}
			if w.Verb == Encryption && c.Language != lang {
				t.Errorf("%q: language %q", in, c.Language)
			}
			own := w.Actor == Exporter || fmt.Sprint(w.Objects) == fmt.Sprint(you) || len(w.Objects) > 0 && w.Objects[0] == Exporter
			if m.Own != own {
				t.Errorf("%q: own %v", in, m.Own)
			}
		}
	}
}

// TestPlaceholders reads each phrase of each language table back.
func TestPlaceholders(t *testing.T) {
	entries, err := data.ReadDir("data")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		l := table(t, e.Name())
		for _, p := range l.Omitted {
			kindOf(t, l.Language, "13/03/2025, 10:00 - Ada: <"+p+">\n", MediaOmitted)
			kindOf(t, l.Language, "\u200e[13/03/2025, 10:00:01] Ada: \u200e"+p+"\r\n", MediaOmitted)
		}
		for _, p := range append(l.Deleted, l.DeletedOwn...) {
			kindOf(t, l.Language, "13/03/2025, 10:00 - Ada: "+p+"\n", Deleted)
			kindOf(t, l.Language, "[13/03/2025, 10:00:01] Ada: \u200e"+p+".\r\n", Deleted)
		}
		for _, p := range l.Attached {
			kindOf(t, l.Language, "13/03/2025, 10:00 - Ada: Über mich (1).pdf ("+p+")\n", Attachment)
			kindOf(t, l.Language, "\u200e[13/03/2025, 10:00:01] Ada: \u200e<"+p+": 00000003-a b.pdf>\r\n", Attachment)
			kindOf(t, l.Language, "\u200e[13/03/2025, 10:00:01] Ada: \u200e<00000003-PHOTO-2025-03-13-10-00-01.jpg "+p+">\r\n", Attachment)
		}
	}
}

func kindOf(t *testing.T, lang, in string, want Kind) {
	t.Helper()
	c, fs := Read([]byte(in), nil, format.Limits{})
	if m := c.Messages[0]; m.Kind != want || m.Author != "Ada" {
		t.Errorf("%s: %q is %s by %q, want %s (%+v)", lang, in, m.Kind, m.Author, want, fs)
	}
}

func TestMatcherIsBounded(t *testing.T) {
	p := compile("x", "{actor} a {objects} a {from} a {to} b", "en")
	if _, ok := p.match(prepare(strings.Repeat(" a ", 3000))); ok {
		t.Error("matched")
	}
	if _, ok := p.match(prepare("Ada a Ben a x a y b")); !ok {
		t.Error("did not match")
	}
}
