package link

// Condition says how a link does.
type Condition string

const (
	// Untried: no call has ended yet.
	Untried Condition = "Untried"
	// Healthy: the system answers.
	Healthy Condition = "Healthy"
	// Failing: calls fail for reasons that pass by themselves. It lasts until the system has answered well for a while, so
	// that one incident is one, however often the circuit opens in it.
	Failing Condition = "Failing"
	// Unauthorized: the system refuses the credentials. No calls are made but a probe now and then.
	Unauthorized Condition = "Unauthorized"
	// Refused: the system says that the request itself is wrong. As Unauthorized.
	Refused Condition = "Refused"
	// InvalidSpec: there is no provider, because the configuration is wrong. No calls are made.
	InvalidSpec Condition = "InvalidSpec"
	// SecretNotFound: there is no provider, because a credential is missing. No calls are made.
	SecretNotFound Condition = "SecretNotFound"
)

// Health is how a link does.
type Health struct {
	Condition Condition
	// Message says what is wrong. Stable, nothing personal.
	Message string
}

func (h Health) stopped() bool { return h.Condition == Unauthorized || h.Condition == Refused }
