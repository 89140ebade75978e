package harness

/** What the pipeline and its stages have in common. Everything is read, and refused, before anything runs. */
abstract class Part extends Section {
    Agent agent
    String agentName
    Options options
    Map<String, String> environment = [:]
    Post post
    List<Stage> stages = []

    Part(Steps script) {
        super(script)
        options = new Options(script)
        post = new Post(script)
    }

    void agent(String kind) {
        if (!(kind in ['none', 'any'])) refuse("`agent` is `none`, `any` or `docker` here, not `${kind}`.")
        agentName = kind
    }

    void agent(Closure body) {
        agent = new Agent(script).read(body) as Agent
        agentName = 'docker'
    }

    void options(Closure body) { options.read(body) }

    void environment(Closure body) { environment = (new Environment(script).read(body) as Environment).values }

    void post(Closure body) { post.read(body) }

    void stages(Closure body) { stages = (new Stages(script).read(body) as Stages).found }

    // `agent none` reads these as variables.
    String getNone() { 'none' }

    String getAny() { 'any' }
}

class Stages extends Section {
    final List<Stage> found = []

    Stages(Steps script) { super(script) }

    void stage(String name, Closure body) {
        def stage = new Stage(script, name)
        stage.read(body)
        stage.check()
        found << stage
    }
}

class Stage extends Part {
    final String name
    When when
    Closure steps
    List<Stage> parallel = []
    Map input

    Stage(Steps script, String name) {
        super(script)
        this.name = name
    }

    void when(Closure body) { when = new When(script).read(body) as When }

    void steps(Closure body) { steps = asSteps(body) }

    void parallel(Closure body) { parallel = (new Stages(script).read(body) as Stages).found }

    void input(Closure body) { input = (new Input(script).read(body) as Input).asked }

    void check() {
        def bodies = [steps: steps, stages: stages, parallel: parallel].findAll { it.value }.keySet()
        if (bodies.size() != 1) refuse("Stage `${name}` has ${bodies.join(' and ') ?: 'no steps'}; a stage has one of steps, stages and parallel.")
    }
}

class Input extends Section {
    final Map asked = [:]

    Input(Steps script) { super(script) }

    void message(String text) { asked.message = text }

    void ok(String text) { asked.ok = text }

    void submitter(String names) { asked.submitter = names }
}

class Pipeline extends Part {
    Parameters parameters

    Pipeline(Steps script) {
        super(script)
        parameters = new Parameters(script)
    }

    static Pipeline of(Closure body, Steps script) {
        def pipeline = new Pipeline(script)
        pipeline.read(body)
        if (!pipeline.agentName) pipeline.refuse('The pipeline has no `agent`.')
        if (!pipeline.stages) pipeline.refuse('The pipeline has no `stages`.')
        pipeline
    }

    void parameters(Closure body) { parameters.read(body) }

    void triggers(Closure body) { new Triggers(script).read(body) }
}
