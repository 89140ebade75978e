package harness

/** What the steps of one place in a build see. Never changed: a block of steps gets a frame of its own. */
class Frame {
    /** Variables of `withEnv`, `environment` and `withCredentials`, the inner ones last. */
    final Map<String, String> env
    /** Secrets bound here, which the log does not show. */
    final List<String> secrets
    /** Null where there is no agent. */
    final File workspace
    /** The current directory, inside of the workspace. */
    final File folder
    /** When the time is over, in the clock of `System.nanoTime`. */
    final Long deadline
    /** Names of the stages around. */
    final List<String> stages

    Frame(Map given = [:]) {
        env = given.env ?: [:]
        secrets = given.secrets ?: []
        workspace = given.workspace
        folder = given.folder
        deadline = given.deadline
        stages = given.stages ?: []
    }

    Frame plus(Map change) {
        new Frame([env: env, secrets: secrets, workspace: workspace, folder: folder, deadline: deadline, stages: stages] + change)
    }

    Frame withEnv(Map<String, String> more) { this + [env: env + more] }

    Frame inWorkspace(File workspace) { this + [workspace: workspace, folder: workspace] }

    Frame inStage(String name) { this + [stages: stages + name] }

    /** The nearer of two ends of time holds. */
    Frame endingIn(long nanoseconds) {
        long end = System.nanoTime() + nanoseconds
        this + [deadline: deadline == null ? end : Math.min(deadline, end)]
    }

    /** The text without secrets, as Jenkins masks them: as they are, quoted for a shell, and in base64. */
    String mask(String text) {
        secrets.collectMany { forms(it) }.sort { -it.length() }.inject(text) { hidden, form -> hidden.replace(form, '****') }
    }

    private static List<String> forms(String secret) {
        def quoted = secret.replace("'", "'\\''")
        // Inside a longer text its base64 depends on where it begins: the letters that are its own alone.
        def encoded = (0..2).collect { shift ->
            def bytes = secret.bytes
            def text = ((new byte[shift] as List) + (bytes as List) as byte[]).encodeBase64().toString().replace('=', '')
            text.substring(Math.ceil(shift * 8 / 6) as int, Math.floor((shift + bytes.length) * 8 / 6) as int)
        }
        [secret, quoted, secret.bytes.encodeBase64().toString(), *encoded.findAll { it.length() >= 8 }].unique()
    }
}
