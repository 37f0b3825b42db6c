namespace Interlock.Json.Jq;

internal sealed partial class JqParser
{
    private Destructuring Patterns()
    {
        var variables = new List<string>();
        var alternatives = new List<IReadOnlyList<PatternStep>>();
        do
        {
            var steps = new List<PatternStep>();
            Pattern(steps, variables);
            alternatives.Add(steps);
        }
        while (Take("?//"));
        return new Destructuring(variables, alternatives);
    }

    /// <summary>The steps take the top of the stack away.</summary>
    private void Pattern(List<PatternStep> steps, List<string> variables)
    {
        if (++_nesting > MaxNesting) throw Error("The program nests too deep", Current);
        if (Current.Kind == TokenKind.Variable) steps.Add(new PatternStep.Bind(Variable(variables)));
        else if (Take("["))
        {
            var index = 0;
            do
            {
                steps.Add(new PatternStep.Enter(new Literal(index++)));
                Pattern(steps, variables);
            }
            while (Take(","));
            Expect("]");
            steps.Add(new PatternStep.Leave());
        }
        else if (Take("{"))
        {
            do ObjectPattern(steps, variables);
            while (Take(","));
            Expect("}");
            steps.Add(new PatternStep.Leave());
        }
        else throw Unexpected("a variable, '[' or '{'");
        _nesting--;
    }

    private void ObjectPattern(List<PatternStep> steps, List<string> variables)
    {
        var token = Current;
        if (token.Kind == TokenKind.Variable)
        {
            var variable = Variable(variables);
            steps.Add(new PatternStep.Enter(new Literal(token.Text)));
            if (!Take(":"))
            {
                steps.Add(new PatternStep.Bind(variable));
                return;
            }
            steps.Add(new PatternStep.BindAndKeep(variable));
            Pattern(steps, variables);
            return;
        }
        Node key;
        if (Take("("))
        {
            key = Key(Query(), token);
            Expect(")");
        }
        else if (token.Kind == TokenKind.Name) key = new Literal(_tokens[_at++].Text);
        else if (StartsString(_at)) key = String();
        else throw Unexpected("a member to take");
        Expect(":");
        steps.Add(new PatternStep.Enter(key));
        Pattern(steps, variables);
    }

    private int Variable(List<string> variables)
    {
        var name = Expect(TokenKind.Variable, "a variable").Text;
        if (!variables.Contains(name)) variables.Add(name);
        return variables.IndexOf(name);
    }
}
