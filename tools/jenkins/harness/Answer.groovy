package harness

/** The answer to `input`, which somebody has written into the description of the build. */
class Answer {
    /** @throws Aborted where the answer is no, Failed where nobody is there who may give one. */
    static void ask(Build build, Map question) {
        def answer = build.given.answer as Map
        def message = question.message as String
        def asked = [type: 'input', text: message]
        if (!answer) throw new Failed("`${message.readLines()[0]}` waits for an answer, and there is nobody to give one")
        def allowed = (question.submitter ?: '').toString().split(',')*.trim().findAll { it }
        if (allowed && !(answer.by in allowed)) throw new Failed("${answer.by} may not answer; ${allowed.join(', ')} may")
        build.tell(asked + [by: answer.by, answer: answer.proceed ? 'proceed' : 'abort'])
        if (!answer.proceed) throw new Aborted("Rejected by ${answer.by}")
    }
}
