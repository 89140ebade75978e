package harness

import org.codehaus.groovy.control.CompilerConfiguration

/** Runs a build: reads the Jenkinsfile with Groovy's own compiler, then does what it says, stage by stage. */
class Harness {
    private final Build build
    private Pipeline pipeline
    private volatile Throwable first

    Harness(Build build) { this.build = build }

    void run() {
        pipeline = read()
        build.parameters.putAll(pipeline.parameters.fill(build.given.parameters as Map))
        try {
            work(pipeline) { sequence(pipeline.stages) }
        } catch (Unknown refusal) {
            throw refusal
        } catch (Exception ending) {
            first = first ?: ending
        }
        def failure = first instanceof Failed ? (first as Failed).code : null
        build.tell(type: 'finished', result: result(first), reason: first?.message, code: failure)
    }

    private Pipeline read() {
        def configuration = new CompilerConfiguration(scriptBaseClass: Steps.name)
        def file = new File(build.given.jenkinsfile as String)
        def script = new GroovyShell(getClass().classLoader, new Binding(), configuration).parse(file) as Steps
        script.prepare(build)
        script.run()
        if (!script.thePipeline) throw new Unknown('The Jenkinsfile has no `pipeline`.')
        script.thePipeline
    }

    private void sequence(List<Stage> stages) { stages.each { stage(it) } }

    /** All of them go on to their end, whatever the others do. */
    private void parallel(List<Stage> stages) {
        def frame = build.frame
        def endings = Collections.synchronizedList([])
        stages.collect { one ->
            Thread.start {
                try {
                    build.within(frame) { stage(one) }
                } catch (Throwable ending) {
                    endings << ending
                }
            }
        }*.join()
        if (endings) throw (endings.find { it instanceof Unknown } ?: endings[0]) as Throwable
    }

    private void stage(Stage stage) {
        build.within(build.frame.inStage(stage.name)) {
            if (stage.when && !build.within(build.frame.withEnv(stage.environment)) { stage.when.holds(build) }) {
                build.tell(type: 'skipped')
                return
            }
            Timing.tell(build) {
                if (stage.input) Answer.ask(build, stage.input)
                work(stage) {
                    if (stage.steps) stage.steps.call()
                    else if (stage.parallel) parallel(stage.parallel)
                    else sequence(stage.stages)
                }
            }
        }
    }

    /** A part with its options, agent and environment around, and what is to be done after. */
    private void work(Part part, Closure body) {
        build.within(build.frame.withEnv(part.environment)) {
            part.options.wrap {
                if (part.agentName in [null, 'none']) return attempt(part, body)
                def workspace = build.folder("workspaces/${build.next('workspace')}")
                build.within(build.frame.inWorkspace(workspace)) {
                    attempt(part) {
                        if (pipeline.options.checksOut && part.options.checksOut) Checkout.of(build)
                        body()
                    }
                }
            }()
        }
    }

    private void attempt(Part part, Closure body) {
        Throwable ending = null
        try {
            body()
        } catch (Unknown refusal) {
            throw refusal
        } catch (Exception thrown) {
            ending = thrown
        }
        part.post.after(result(ending)).each { after ->
            try {
                after()
            } catch (Unknown refusal) {
                throw refusal
            } catch (Exception thrown) {
                ending = ending ?: thrown
            }
        }
        if (ending) throw ending
    }

    private static String result(Throwable ending) {
        ending == null ? 'SUCCESS' : ending instanceof Aborted ? 'ABORTED' : 'FAILURE'
    }
}
