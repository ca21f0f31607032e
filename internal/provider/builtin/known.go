package builtin

import "strings"

// roleNames are the local parts of RFC 2142 and those that are common besides: they stand for a function or a group.
func roleNames() map[string]struct{} {
	return setOf(`
		abuse accounting accounts admin administrator all apply billing board booking bookings bounce bounces career careers
		compliance contact contactus customercare customerservice dataprotection datenschutz do-not-reply donotreply editor
		einkauf empfang enquiries enquiry events everyone feedback finance ftp general group hallo hello help helpdesk
		hi hostmaster hr info information inquiries inquiry invoice invoices it jobs kontakt legal list mail mailbox
		mailer-daemon management marketing media news newsletter no-reply noc noreply office ops order orders payments
		postmaster press presse privacy purchasing reception recruiting recruitment register reservations returns root
		sales secretary security service sekretariat shop staff subscribe support sysadmin team tech unsubscribe usenet uucp verkauf
		webadmin webmaster welcome www`)
}

// freeMailServices are public mail services: whoever has an address there may be anybody.
func freeMailServices() domains {
	return setOf(`
		126.com 163.com aim.com aliyun.com aol.com aol.de arcor.de att.net bellsouth.net bigpond.com bk.ru bluewin.ch
		bol.com.br btinternet.com centrum.cz charter.net comcast.net cox.net daum.net duck.com earthlink.net email.com
		fastmail.com fastmail.fm foxmail.com free.fr freenet.de gmail.com gmx.at gmx.ch gmx.com gmx.de gmx.net
		googlemail.com hanmail.net hey.com hotmail.be hotmail.ca hotmail.co.jp hotmail.co.uk hotmail.com hotmail.com.ar
		hotmail.com.br hotmail.de hotmail.es hotmail.fr hotmail.it hotmail.nl hotmail.se hushmail.com icloud.com
		inbox.com inbox.lv inbox.ru interia.pl laposte.net libero.it list.ru live.be live.ca live.co.uk live.com
		live.com.au live.de live.fr live.it live.nl live.se mac.com mail.com mail.de mail.ee mail.ru mailbox.org me.com msn.com
		naver.com ntlworld.com o2.pl onet.pl optonline.net optusnet.com.au orange.fr outlook.com
		outlook.com.br outlook.de outlook.es outlook.fr outlook.it outlook.jp planet.nl pm.me posteo.de posteo.net proton.me
		protonmail.ch protonmail.com qq.com rambler.ru rediffmail.com rocketmail.com rogers.com sapo.pt sbcglobal.net
		seznam.cz sfr.fr shaw.ca sina.com sky.com sohu.com sympatico.ca t-online.de talktalk.net telenet.be telus.net
		terra.com.br tiscali.it tuta.com tuta.io tutanota.com tutanota.de ukr.net uol.com.br verizon.net virgilio.it
		virginmedia.com walla.co.il wanadoo.fr web.de windowslive.com wp.pl xtra.co.nz ya.ru yahoo.ca
		yahoo.co.id yahoo.co.in yahoo.co.jp yahoo.co.uk yahoo.com yahoo.com.ar yahoo.com.au yahoo.com.br yahoo.com.mx
		yahoo.com.sg yahoo.com.tw yahoo.de yahoo.es yahoo.fr yahoo.in yahoo.it yandex.com yandex.ru yeah.net ymail.com
		zoho.com zohomail.eu`)
}

// oftenMeant are the domains that typos lead away from, those with most people first.
func oftenMeant() []string {
	return strings.Fields(`
		gmail.com yahoo.com hotmail.com outlook.com icloud.com aol.com googlemail.com live.com msn.com protonmail.com proton.me
		yahoo.co.uk hotmail.co.uk hotmail.fr hotmail.de yahoo.de yahoo.fr yahoo.co.in yahoo.co.jp outlook.de outlook.fr
		gmx.de gmx.net gmx.at gmx.ch web.de t-online.de freenet.de orange.fr wanadoo.fr laposte.net libero.it
		btinternet.com comcast.net verizon.net sbcglobal.net yandex.ru mail.ru rediffmail.com naver.com seznam.cz bluewin.ch`)
}

func setOf(words string) map[string]struct{} {
	set := map[string]struct{}{}
	for word := range strings.FieldsSeq(words) {
		set[word] = struct{}{}
	}
	return set
}
