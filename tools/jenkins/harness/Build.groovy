package harness

import groovy.json.JsonOutput
import java.util.concurrent.ConcurrentHashMap
import java.util.concurrent.atomic.AtomicInteger
import java.util.concurrent.locks.ReentrantLock

/** One build: what it was given, what its steps share, and what is told about it. */
class Build {
    private static final KEYS = [
        'jenkinsfile', 'folder', 'repository', 'environment', 'variables', 'credentials', 'parameters', 'cause', 'changed', 'answer',
    ]

    /** See tools/rehearsal/ci/jenkins-build.ts, which writes it. */
    final Map given
    final Map<String, String> variables = new ConcurrentHashMap<>()
    final Map<String, Object> parameters = [:]
    final Map<String, File> stashes = new ConcurrentHashMap<>()
    final Map<String, ReentrantLock> locks = new ConcurrentHashMap<>()

    private final PrintStream out
    private final AtomicInteger counter = new AtomicInteger()
    private final InheritableThreadLocal<Frame> frames = new InheritableThreadLocal<>()

    Build(Map given, PrintStream out) {
        def strange = given.keySet() - KEYS
        if (strange) throw new Unknown("The description of a build has `${strange.first()}`; it has ${KEYS.join(', ')}.")
        this.given = given
        this.out = out
        variables.putAll(given.variables as Map<String, String>)
        frames.set(new Frame())
    }

    Frame getFrame() { frames.get() }

    /** Does `work` where steps see `inner`. */
    def within(Frame inner, Closure work) {
        def outer = frames.get()
        frames.set(inner)
        try {
            work()
        } finally {
            frames.set(outer)
        }
    }

    /** A variable as `env` shows it: null where nobody set it. */
    String variable(String name) { frame.env[name] ?: (frame.env.containsKey(name) ? '' : variables[name]) }

    /** The whole environment of a process. */
    Map<String, String> environment() {
        def place = frame.workspace ? [WORKSPACE: frame.workspace.path, WORKSPACE_TMP: temporary().path] : [:]
        (given.environment as Map<String, String>) + parameters.collectEntries { [it.key, it.value as String] } + variables + place + frame.env
    }

    File folder(String name) {
        def folder = new File(given.folder as String, name)
        folder.mkdirs()
        folder
    }

    /** A new name for a file or folder of this build. */
    String next(String name) { "${name}-${counter.incrementAndGet()}" }

    /** Beside the workspace, as Jenkins has it, so that nothing there is ever committed or archived. */
    File temporary() {
        if (!frame.workspace) throw new Failed('There is no workspace here: the stage has no agent.')
        def folder = new File("${frame.workspace.path}@tmp")
        folder.mkdirs()
        folder
    }

    /** Tells what happened. No secret of the place where it happened is in it. */
    void tell(Map event) {
        def masked = (event + [stages: frame.stages]).collectEntries { name, value -> [name, mask(value)] }
        synchronized (out) {
            out.println(JsonOutput.toJson(masked))
            out.flush()
        }
    }

    private mask(value) {
        if (value instanceof CharSequence) return frame.mask(value as String)
        value instanceof List ? value.collect { mask(it) } : value
    }
}

/** `env` in a Jenkinsfile. */
class Env {
    private final Build build

    Env(Build build) { this.build = build }

    def getProperty(String name) { this.@build.variable(name) }

    void setProperty(String name, value) { this.@build.variables[name] = value as String }
}
