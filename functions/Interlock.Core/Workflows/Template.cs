using Interlock.Json;

namespace Interlock.Core.Workflows;

/// <summary>
/// A literal of the document in which strings of the form <c>${ … }</c> are expressions. Only these literals are: a value
/// that an expression gives is data, whatever it contains.
/// </summary>
public abstract record Template
{
    /// <summary>Whether the value is the same for every evaluation.</summary>
    public bool IsLiteral => this is Literal;

    /// <summary>Every expression in it, in document order.</summary>
    public abstract IEnumerable<Expression> Expressions { get; }

    /// <exception cref="ExpressionException">One of the expressions failed.</exception>
    public abstract JsonValue Evaluate(JsonValue input, IEvaluationScope scope);

    public sealed record Literal(JsonValue Value) : Template
    {
        public override IEnumerable<Expression> Expressions => [];

        public override JsonValue Evaluate(JsonValue input, IEvaluationScope scope) => Value;
    }

    public sealed record Computed(Expression Expression) : Template
    {
        public override IEnumerable<Expression> Expressions => [Expression];

        public override JsonValue Evaluate(JsonValue input, IEvaluationScope scope) => Expression.Evaluate(input, scope);
    }

    public sealed record List(IReadOnlyList<Template> Items) : Template
    {
        public override IEnumerable<Expression> Expressions => Items.SelectMany(item => item.Expressions);

        public override JsonValue Evaluate(JsonValue input, IEvaluationScope scope) =>
            JsonValue.Array(Items.Select(item => item.Evaluate(input, scope)));
    }

    public sealed record Map(IReadOnlyList<KeyValuePair<string, Template>> Members) : Template
    {
        public override IEnumerable<Expression> Expressions => Members.SelectMany(member => member.Value.Expressions);

        public override JsonValue Evaluate(JsonValue input, IEvaluationScope scope) =>
            JsonValue.Object(Members.Select(member => KeyValuePair.Create(member.Key, member.Value.Evaluate(input, scope))));
    }
}
