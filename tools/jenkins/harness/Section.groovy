package harness

/**
 * A section of a declarative Jenkinsfile: a class with a method for each directive that may stand there. One that is not
 * there is refused by its name; variables are the Jenkinsfile's.
 */
abstract class Section {
    protected final Steps script

    Section(Steps script) { this.script = script }

    def methodMissing(String name, args) { throw new Unknown("There is no `${name}` in `${title()}` here.") }

    def propertyMissing(String name) { script.getProperty(name) }

    /** Reads what stands in the braces. */
    Section read(Closure body) {
        def inside = body.rehydrate(this, body.owner, body.thisObject)
        inside.resolveStrategy = Closure.DELEGATE_ONLY
        inside()
        this
    }

    protected String title() { getClass().simpleName.toLowerCase() }

    /** Steps in braces: what they call and read is the Jenkinsfile's. */
    protected Closure asSteps(Closure body) {
        def inside = body.rehydrate(script, script, body.thisObject)
        inside.resolveStrategy = Closure.DELEGATE_ONLY
        inside
    }

    protected void refuse(String why) { throw new Unknown(why) }
}
