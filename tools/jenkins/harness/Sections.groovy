package harness

/** Around a piece of work: each takes it and gives it back with itself around. */
class Options extends Section {
    final List<Closure> around = []
    boolean checksOut = true

    Options(Steps script) { super(script) }

    void skipDefaultCheckout() { checksOut = false }

    /** One build is all there is here. */
    void disableConcurrentBuilds(Map given = [:]) { Arguments.check('disableConcurrentBuilds', given, [], ['abortPrevious']) }

    void timeout(Map given) {
        Arguments.nanoseconds('timeout', given)
        around << { Closure work -> script.timeout(given, work) }
    }

    void lock(Map given) { around << { Closure work -> script.lock(given, work) } }

    void retry(int times) { around << { Closure work -> script.retry(times, work) } }

    Closure wrap(Closure work) { around.reverse().inject(work) { inner, option -> { -> option(inner) } } }
}

class Agent extends Section {
    final String none = 'none'
    final String any = 'any'
    /** Of a container, which is not started here: its steps run on this machine. */
    String image

    Agent(Steps script) { super(script) }

    void docker(Closure body) { image = (new Docker(script).read(body) as Docker).named }
}

class Docker extends Section {
    String named

    Docker(Steps script) { super(script) }

    void image(String name) { named = name }

    void args(String text) {}
}

class Environment extends Section {
    final Map<String, String> values = [:]

    Environment(Steps script) { super(script) }

    void setProperty(String name, value) { this.@values[name] = value as String }
}

class Parameters extends Section {
    final Map<String, Map> known = [:]

    Parameters(Steps script) { super(script) }

    void string(Map given) { add('string', given, ['defaultValue']) }

    void booleanParam(Map given) { add('booleanParam', given, ['defaultValue']) }

    void choice(Map given) { add('choice', given, ['choices']) }

    private void add(String kind, Map given, List<String> own) {
        Arguments.check(kind, given, ['name'], ['description'] + own)
        known[given.name as String] = given
    }

    /** What a build gets: what was typed, or the default. */
    Map<String, Object> fill(Map typed) {
        def strange = typed.keySet() - known.keySet()
        if (strange) refuse("The pipeline has no parameter `${strange.first()}`.")
        known.collectEntries { name, parameter ->
            def choices = parameter.choices as List
            def value = typed.containsKey(name) ? typed[name] : (choices ? choices[0] : parameter.defaultValue ?: '')
            if (choices && !(value in choices)) refuse("`${name}` is one of ${choices.join(', ')}, not `${value}`.")
            [name, value]
        }
    }
}

class Triggers extends Section {
    Triggers(Steps script) { super(script) }

    /** Nobody waits for the hour here: a build is started by whoever runs the harness. */
    void cron(String times) {}
}

class When extends Section {
    private final List<Closure<Boolean>> conditions = []

    When(Steps script) { super(script) }

    void beforeAgent(boolean before) {}

    void expression(Closure body) { conditions << { Build build -> asSteps(body)() as boolean } }

    void branch(String pattern) { conditions << { Build build -> Globs.matches(pattern, build.variable('BRANCH_NAME') ?: '') } }

    void changeset(String pattern) { conditions << { Build build -> build.given.changed.any { Globs.matches(pattern, it) } } }

    void triggeredBy(String cause) { conditions << { Build build -> build.given.cause == cause } }

    void anyOf(Closure body) { nest(body) { parts, build -> parts.any { it(build) } } }

    void allOf(Closure body) { nest(body) { parts, build -> parts.every { it(build) } } }

    void not(Closure body) { nest(body) { parts, build -> !parts.every { it(build) } } }

    boolean holds(Build build) { conditions.every { it(build) } }

    private void nest(Closure body, Closure judge) {
        def parts = (new When(script).read(body) as When).conditions
        conditions << { Build build -> judge(parts, build) }
    }
}

class Post extends Section {
    private static final ENDS = [
        always: { true },
        success: { it == 'SUCCESS' },
        failure: { it == 'FAILURE' },
        aborted: { it == 'ABORTED' },
        unsuccessful: { it != 'SUCCESS' },
        cleanup: { true },
    ]
    private final Map<String, Closure> found = [:]

    Post(Steps script) { super(script) }

    /** In Jenkins's order, whatever the file's. */
    List<Closure> after(String result) { ENDS.findAll { name, holds -> holds(result) && found[name] }.keySet().collect { found[it] } }

    void always(Closure body) { found.always = asSteps(body) }

    void success(Closure body) { found.success = asSteps(body) }

    void failure(Closure body) { found.failure = asSteps(body) }

    void aborted(Closure body) { found.aborted = asSteps(body) }

    void unsuccessful(Closure body) { found.unsuccessful = asSteps(body) }

    void cleanup(Closure body) { found.cleanup = asSteps(body) }
}
