namespace Interlock.Core.Policy;

/// <summary>Whom a rule's <c>principals</c> name.</summary>
public abstract record PolicySubject
{
    private PolicySubject()
    {
    }

    /// <summary><c>{ any: true }</c></summary>
    public sealed record Any : PolicySubject;

    /// <summary><c>{ group: id }</c>: people and applications of that group.</summary>
    public sealed record Group(string Id) : PolicySubject;

    /// <summary><c>{ agent: '*' }</c>: whichever agent; never the people it acts for.</summary>
    public sealed record AnyAgent : PolicySubject;

    /// <summary><c>{ user: id }</c>, <c>{ app: id }</c>, <c>{ agent: name }</c>, <c>{ workflow: namespace/name }</c>, as <c>user:id</c> and so on.</summary>
    public sealed record One(string Subject) : PolicySubject;
}
