namespace Interlock.Json.Jq;

/// <summary>jq's binary operators on values.</summary>
internal static class JqArithmetic
{
    public static JsonValue? Apply(JqMachine machine, Operator op, JsonValue a, JsonValue b) => op switch
    {
        Operator.Add => Add(machine, a, b),
        Operator.Subtract => Subtract(machine, a, b),
        Operator.Multiply => Multiply(machine, a, b),
        Operator.Divide => Divide(machine, a, b),
        Operator.Remainder => Remainder(machine, a, b),
        Operator.Equal => JqOrder.AreEqual(machine, a, b),
        Operator.NotEqual => !JqOrder.AreEqual(machine, a, b),
        Operator.Less => JqOrder.Compare(machine, a, b) < 0,
        Operator.LessOrEqual => JqOrder.Compare(machine, a, b) <= 0,
        Operator.Greater => JqOrder.Compare(machine, a, b) > 0,
        _ => JqOrder.Compare(machine, a, b) >= 0,
    };

    public static JsonValue? Add(JqMachine machine, JsonValue a, JsonValue b)
    {
        if (a.IsNull) return b;
        if (b.IsNull) return a;
        if (a.IsNumber && b.IsNumber) return a.AsNumber() + b.AsNumber();
        if (a.IsString && b.IsString)
        {
            machine.CountBytes(2L * (a.Count + b.Count));
            return machine.Text(a.AsString() + b.AsString());
        }
        if (a.IsArray && b.IsArray)
        {
            if (a.Count == 0) return b;
            foreach (var item in b.Items.AsSpan()) a = machine.Built(a.Append(item), 1);
            return a;
        }
        if (a.IsObject && b.IsObject)
        {
            foreach (var (name, value) in b.Members.AsSpan()) a = Put(machine, a, name, value);
            return a;
        }
        return Refuse(machine, a, b, "cannot be added");
    }

    /// <summary>Sets a member; replacing one copies the object, which counts as building that.</summary>
    public static JsonValue Put(JqMachine machine, JsonValue target, string name, JsonValue value)
    {
        var copied = target.Members.Contains(name) ? target.Count : 0;
        machine.CountWork(copied);
        machine.CountBytes(16L * copied);
        return machine.Built(target.With(name, value), 1);
    }

    private static JsonValue? Subtract(JqMachine machine, JsonValue a, JsonValue b)
    {
        if (a.IsNumber && b.IsNumber) return a.AsNumber() - b.AsNumber();
        if (!a.IsArray || !b.IsArray) return Refuse(machine, a, b, "cannot be subtracted");
        var kept = JsonValue.EmptyArray;
        foreach (var item in a.Items)
        {
            if (!b.Items.Any(removed => JqOrder.AreEqual(machine, item, removed))) kept = machine.Built(kept.Append(item), 1);
            machine.CountWork(1);
        }
        return kept;
    }

    private static JsonValue? Multiply(JqMachine machine, JsonValue a, JsonValue b)
    {
        if (a.IsNumber && b.IsNumber) return a.AsNumber() * b.AsNumber();
        if (a.IsString && b.IsNumber) return Repeat(machine, a.AsString(), b.AsNumber());
        if (a.IsNumber && b.IsString) return Repeat(machine, b.AsString(), a.AsNumber());
        if (a.IsObject && b.IsObject) return Merge(machine, a, b);
        return Refuse(machine, a, b, "cannot be multiplied");
    }

    private static JsonValue? Repeat(JqMachine machine, string text, double times)
    {
        if (times < 0 || double.IsNaN(times)) return JsonValue.Null;
        var count = (long)Math.Min(times, int.MaxValue);
        if (count == 0 || text.Length == 0) return JsonValue.EmptyString;
        if (text.Length * count >= int.MaxValue) return machine.Fail("Repeat string result too long");
        machine.CountBytes(2 * text.Length * count);
        return JsonValue.From(string.Concat(Enumerable.Repeat(text, (int)count)));
    }

    private static JsonValue Merge(JqMachine machine, JsonValue a, JsonValue b)
    {
        foreach (var (name, value) in b.Members)
        {
            var old = a.Members.Find(name);
            a = Put(machine, a, name, value.IsObject && old is { IsObject: true } ? Merge(machine, old, value) : value);
        }
        return a;
    }

    private static JsonValue? Divide(JqMachine machine, JsonValue a, JsonValue b)
    {
        if (a.IsString && b.IsString) return JqStrings.Split(machine, a.AsString(), b.AsString());
        if (!a.IsNumber || !b.IsNumber) return Refuse(machine, a, b, "cannot be divided");
        if (b.AsNumber() == 0) return Refuse(machine, a, b, "cannot be divided because the divisor is zero");
        return a.AsNumber() / b.AsNumber();
    }

    private static JsonValue? Remainder(JqMachine machine, JsonValue a, JsonValue b)
    {
        if (!a.IsNumber || !b.IsNumber) return Refuse(machine, a, b, "cannot be divided (remainder)");
        if (double.IsNaN(a.AsNumber()) || double.IsNaN(b.AsNumber())) return double.NaN;
        var divisor = ToInteger(b.AsNumber());
        if (divisor == 0) return Refuse(machine, a, b, "cannot be divided (remainder) because the divisor is zero");
        return divisor == -1 ? 0 : (double)(ToInteger(a.AsNumber()) % divisor);
    }

    /// <summary>Truncates, and stops at the ends of the range.</summary>
    private static long ToInteger(double number) =>
        number < long.MinValue ? long.MinValue : -number <= long.MinValue ? long.MaxValue : (long)number;

    private static JsonValue? Refuse(JqMachine machine, JsonValue a, JsonValue b, string why) =>
        machine.Fail($"{JqText.Describe(a)} and {JqText.Describe(b)} {why}");
}
