package e2e

import (
	"encoding/csv"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"golang.org/x/net/idna"
)

// contact is a row of the sample files.
type contact struct {
	name, email, company, phone, country, channel, plan string
}

// readContacts reads a sample file; everybody in it consents.
func readContacts(file string) []contact {
	GinkgoHelper()
	f, err := os.Open(filepath.Join("..", "..", "config", "samples", file))
	Expect(err).NotTo(HaveOccurred())
	defer func() { _ = f.Close() }()
	rows, err := csv.NewReader(f).ReadAll()
	Expect(err).NotTo(HaveOccurred())
	Expect(rows[0]).To(Equal([]string{"name", "email", "company", "phone", "country", "channel", "plan", "consent"}))
	contacts := make([]contact, 0, len(rows)-1)
	for _, r := range rows[1:] {
		Expect(r[7]).To(Equal("true"))
		contacts = append(contacts, contact{name: r[0], email: r[1], company: r[2], phone: r[3], country: r[4], channel: r[5], plan: r[6]})
	}
	return contacts
}

// key is what the address becomes when it is normalised.
func (c contact) key() string {
	GinkgoHelper()
	local, domain, found := strings.Cut(strings.ToLower(c.email), "@")
	Expect(found).To(BeTrue())
	domain, err := idna.Lookup.ToASCII(domain)
	Expect(err).NotTo(HaveOccurred())
	return local + "@" + domain
}

const statement = "Send me the newsletter"

// json is the contact as a program sends it.
func (c contact) json() string {
	GinkgoHelper()
	body, err := json.Marshal(map[string]any{
		"name": c.name, "email": c.email, "company": c.company, "phone": c.phone, "country": c.country, "channel": c.channel,
		"attributes": map[string]string{"plan": c.plan},
		"consent":    map[string]any{"marketing": true, "statement": statement},
	})
	Expect(err).NotTo(HaveOccurred())
	return string(body)
}

// form is the contact as a page sends it.
func (c contact) form() string {
	return url.Values{
		"name": {c.name}, "email": {c.email}, "company": {c.company}, "phone": {c.phone}, "country": {c.country},
		"channel": {c.channel}, "attributes.plan": {c.plan}, "consent.marketing": {"true"},
	}.Encode()
}

const (
	asJSON = "application/json"
	asForm = "application/x-www-form-urlencoded"
)

// answer is what the intake says.
type answer struct {
	status int
	header http.Header
	body   string
}

// post sends a body to a pipeline. It follows no redirect.
func (s *system) post(pipeline, contentType, body string, header http.Header) answer {
	GinkgoHelper()
	r, err := http.NewRequest(http.MethodPost,
		s.url("INTAKE_ADDR", "/v1/"+namespace+"/"+pipeline+"/submissions"), strings.NewReader(body))
	Expect(err).NotTo(HaveOccurred())
	for name, values := range header {
		r.Header[name] = values
	}
	r.Header.Set("Content-Type", contentType)
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Do(r)
	Expect(err).NotTo(HaveOccurred())
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	Expect(err).NotTo(HaveOccurred())
	return answer{resp.StatusCode, resp.Header, string(text)}
}

// submit posts a contact to the pipeline trial, as JSON or as a form, and returns the id that it was given.
func (s *system) submit(c contact, contentType string) string {
	GinkgoHelper()
	body := c.json()
	if contentType == asForm {
		body = c.form()
	}
	answer := s.post("trial", contentType, body, nil)
	Expect(answer.status).To(Equal(http.StatusAccepted), answer.body)
	var accepted struct{ ID, Message string }
	Expect(json.Unmarshal([]byte(answer.body), &accepted)).To(Succeed())
	Expect(accepted.ID).NotTo(BeEmpty())
	return accepted.ID
}

// record is what a service of the sandbox holds of one person.
type record struct {
	Email  string
	Writes int
	Fields map[string]any
}

// records returns what a service of the sandbox holds, by address.
func (s *system) records(service string) map[string]record {
	GinkgoHelper()
	var answer struct{ Records []record }
	Expect(json.Unmarshal([]byte(get(s.url("SANDBOX_ADDR", "/_records/"+service))), &answer)).To(Succeed())
	byEmail := map[string]record{}
	for _, r := range answer.Records {
		Expect(byEmail).NotTo(HaveKey(r.Email), "two records of one address")
		byEmail[r.Email] = r
	}
	return byEmail
}
