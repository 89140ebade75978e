package harness

/** What `withCredentials` binds. Their secrets are masked where they are bound, and nowhere else: so does Jenkins. */
class Credentials {
    private final Build build

    Credentials(Build build) { this.build = build }

    def bind(List<Map> bindings, Closure body) {
        def bound = bindings.collect { bindOne(it) }
        def secrets = bound.collectMany { it.secrets as List }.findAll { it }
        def frame = build.frame
        def env = bound.collectEntries { it.env as Map }
        try {
            build.within(frame.withEnv(env) + [secrets: frame.secrets + secrets], body)
        } finally {
            bound.each { one -> one.files*.delete() }
        }
    }

    private Map bindOne(Map binding) {
        def kept = (build.given.credentials as Map)[binding.credentialsId] as Map
        // Jenkins's own words.
        if (!kept) throw new Failed("Could not find credentials entry with ID '${binding.credentialsId}'")
        if (kept.kind != binding.kind && binding.kind != 'gitUsernamePassword') {
            throw new Failed("Credentials '${binding.credentialsId}' is of kind ${kept.kind} where ${binding.kind} was expected")
        }
        switch (binding.kind) {
            case 'string': return [env: [(binding.variable): kept.text], secrets: [kept.text]]
            case 'file':
                def file = write(kept.text as String, 'credential')
                return [env: [(binding.variable): file.path], secrets: [], files: [file]]
            default:
                def files = askPass(kept)
                return [env: [GIT_ASKPASS: files.last().path], secrets: [kept.password], files: files]
        }
    }

    /** Answers git's questions; what it answers lies in files, so that no quoting stands between. */
    private List<File> askPass(Map kept) {
        def user = write(kept.username as String, 'user')
        def password = write(kept.password as String, 'password')
        def script = write("#!/bin/sh\ncase \"\$1\" in Username*) cat '${user.path}' ;; *) cat '${password.path}' ;; esac\n", 'askpass')
        script.setExecutable(true, true)
        [user, password, script]
    }

    private File write(String text, String name) {
        def file = new File(build.temporary(), build.next(name))
        file.createNewFile()
        file.setReadable(false, false)
        file.setReadable(true, true)
        file.setText(text, 'UTF-8')
        file
    }
}
