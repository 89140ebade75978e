package harness

import java.util.concurrent.TimeUnit

/** Runs the script of a step `sh` in a real shell. */
class Shell {
    private final Build build

    Shell(Build build) { this.build = build }

    /**
     * What the script printed where `wanted`; else that goes to the log, line by line. A script without a first line that
     * says who reads it is read by `sh -xe`, as in Jenkins.
     */
    Map run(String script, boolean wanted) {
        def file = new File(build.temporary(), build.next('script') + '.sh')
        file.setText(script, 'UTF-8')
        def process = new ProcessBuilder(interpreter(script) + file.path)
            .directory(build.frame.folder)
            .redirectInput(ProcessBuilder.Redirect.from(new File('/dev/null')))
        process.environment().clear()
        process.environment().putAll(build.environment())
        wait(process.start(), wanted)
    }

    /** Read here and not by the kernel, which refuses to start a file that another stage's process still has open. */
    private static List<String> interpreter(String script) {
        def first = script.readLines()[0] ?: ''
        first.startsWith('#!') ? first.substring(2).trim().split(/\s+/) as List : ['sh', '-xe']
    }

    private Map wait(Process process, boolean wanted) {
        def text = new StringBuilder()
        def frame = build.frame
        def readers = [
            reader(frame, process.inputStream) { String line -> wanted ? text << line << '\n' : build.tell(type: 'line', text: line) },
            reader(frame, process.errorStream) { String line -> build.tell(type: 'line', text: line) },
        ]
        if (!ended(process, frame.deadline)) {
            process.descendants().forEach { it.destroyForcibly() }
            process.destroyForcibly()
            throw new Aborted('Timeout has been exceeded')
        }
        readers*.join()
        [code: process.exitValue(), text: text.toString()]
    }

    private Thread reader(Frame frame, InputStream stream, Closure take) {
        Thread.start {
            try {
                build.within(frame) { stream.eachLine('UTF-8') { line -> take(line) } }
            } catch (IOException ignored) {
                // Ending a process that took too long closes what it printed to.
            }
        }
    }

    private static boolean ended(Process process, Long deadline) {
        if (deadline == null) {
            process.waitFor()
            return true
        }
        process.waitFor(Math.max(0, deadline - System.nanoTime()), TimeUnit.NANOSECONDS)
    }
}
