package verification

import "strings"

// ThrowAway is the floor under every list: the throw-away services that people know. It is short on purpose; who cares
// brings a list that is kept up to date.
func ThrowAway() map[string]struct{} {
	set := map[string]struct{}{}
	for domain := range strings.FieldsSeq(`
		10minutemail.com 10minutemail.net 20minutemail.com byom.de discard.email discardmail.com
		dispostable.com einrot.com emailondeck.com fakeinbox.com fakemailgenerator.com getnada.com grr.la guerrillamail.biz
		guerrillamail.com guerrillamail.de guerrillamail.info guerrillamail.net guerrillamail.org guerrillamailblock.com
		harakirimail.com inboxkitten.com jetable.org mailcatch.com maildrop.cc mailinator.com mailnesia.com
		mailsac.com mintemail.com moakt.com mohmal.com muellmail.com mytemp.email sharklasers.com spam4.me spambog.com
		temp-mail.org tempail.com tempinbox.com tempmailo.com
		tempr.email throwawaymail.com trashmail.com trashmail.de trashmail.net wegwerfemail.de wegwerfmail.de yopmail.com
		yopmail.fr yopmail.net`) {
		set[domain] = struct{}{}
	}
	return set
}

// Covers tells whether a domain, or one above it, is in a set. Top-level domains are not looked at.
func Covers(set map[string]struct{}, domain string) bool {
	for strings.Contains(domain, ".") {
		if _, in := set[domain]; in {
			return true
		}
		_, domain, _ = strings.Cut(domain, ".")
	}
	return false
}
