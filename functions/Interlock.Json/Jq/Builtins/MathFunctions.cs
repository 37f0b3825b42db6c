namespace Interlock.Json.Jq;

/// <summary>The mathematical functions of the C library that jq offers.</summary>
internal static class MathFunctions
{
    public static IReadOnlyList<Native> All { get; } =
    [
        Of("floor", Math.Floor), Of("ceil", Math.Ceiling), Of("trunc", Math.Truncate),
        Of("round", x => Math.Round(x, MidpointRounding.AwayFromZero)), Of("rint", x => Math.Round(x)), Of("nearbyint", x => Math.Round(x)),
        Of("fabs", Math.Abs), Of("sqrt", Math.Sqrt), Of("cbrt", Cbrt),
        Of("exp", Math.Exp), Of("exp2", x => Math.Pow(2, x)), Of("exp10", x => Math.Pow(10, x)), Of("pow10", x => Math.Pow(10, x)), Of("expm1", Expm1),
        Of("log", x => Math.Log(x)), Of("log2", Math.Log2), Of("log10", Math.Log10), Of("log1p", Log1p), Of("logb", Logb),
        Of("sin", Math.Sin), Of("cos", Math.Cos), Of("tan", Math.Tan), Of("asin", Math.Asin), Of("acos", Math.Acos), Of("atan", Math.Atan),
        Of("sinh", Math.Sinh), Of("cosh", Math.Cosh), Of("tanh", Math.Tanh), Of("asinh", Math.Asinh), Of("acosh", Math.Acosh), Of("atanh", Math.Atanh),
        Of("gamma", SpecialFunctions.LogGamma), Of("lgamma", SpecialFunctions.LogGamma), Of("tgamma", SpecialFunctions.Gamma), Of("significand", Significand),
        Of("erf", SpecialFunctions.Erf), Of("erfc", SpecialFunctions.Erfc), Of("jn", SpecialFunctions.J), Of("yn", SpecialFunctions.Y),
        Of("j0", x => SpecialFunctions.J(0, x)), Of("j1", x => SpecialFunctions.J(1, x)), Of("y0", x => SpecialFunctions.Y(0, x)), Of("y1", x => SpecialFunctions.Y(1, x)),
        Of("pow", Math.Pow), Of("atan2", Math.Atan2), Of("fmod", (x, y) => x % y), Of("drem", Math.IEEERemainder), Of("remainder", Math.IEEERemainder),
        Of("fmin", (x, y) => double.IsNaN(x) ? y : double.IsNaN(y) ? x : Math.Min(x, y)),
        Of("fmax", (x, y) => double.IsNaN(x) ? y : double.IsNaN(y) ? x : Math.Max(x, y)),
        Of("fdim", (x, y) => x > y ? x - y : double.IsNaN(x + y) ? double.NaN : 0),
        Of("hypot", double.Hypot), Of("copysign", Math.CopySign), Of("nextafter", NextAfter), Of("nexttoward", NextAfter),
        Of("ldexp", Scale), Of("scalb", Scale), Of("scalbln", Scale),
        new("fma", 3, Fma),
        new("frexp", 0, (machine, input, _) => Number(machine, input) ? Pair(Frexp(input.AsNumber())) : null),
        new("modf", 0, (machine, input, _) => Number(machine, input) ? Pair(Modf(input.AsNumber())) : null),
        new("lgamma_r", 0, (machine, input, _) => Number(machine, input) ? Pair((SpecialFunctions.LogGamma(input.AsNumber()), SpecialFunctions.GammaSign(input.AsNumber()))) : null),
        new("infinite", 0, (_, _, _) => double.PositiveInfinity, IgnoresInput: true),
        new("nan", 0, (_, _, _) => double.NaN, IgnoresInput: true),
        new("isinfinite", 0, (_, input, _) => input.IsNumber && double.IsInfinity(input.AsNumber())),
        new("isnan", 0, (_, input, _) => input.IsNumber && double.IsNaN(input.AsNumber())),
        new("isnormal", 0, (_, input, _) => input.IsNumber && double.IsNormal(input.AsNumber())),
        new("isfinite", 0, (_, input, _) => input.IsNumber && !double.IsInfinity(input.AsNumber())),
    ];

    private static Native Of(string name, Func<double, double> function) =>
        new(name, 0, (machine, input, _) => Number(machine, input) ? function(input.AsNumber()) : null);

    private static Native Of(string name, Func<double, double, double> function) => new(name, 2, (machine, _, arguments) =>
        Number(machine, arguments[0]) && Number(machine, arguments[1]) ? function(arguments[0].AsNumber(), arguments[1].AsNumber()) : null, IgnoresInput: true);

    private static JsonValue? Fma(JqMachine machine, JsonValue input, JsonValue[] arguments) =>
        arguments.All(argument => Number(machine, argument))
            ? Math.FusedMultiplyAdd(arguments[0].AsNumber(), arguments[1].AsNumber(), arguments[2].AsNumber())
            : null;

    private static bool Number(JqMachine machine, JsonValue value)
    {
        if (!value.IsNumber) machine.Fail($"{JqText.Describe(value)} number required");
        return value.IsNumber;
    }

    private static JsonValue Pair((double First, double Second) pair) => JsonValue.Array(pair.First, pair.Second);

    /// <summary>One step of Newton's after the platform's own, which may be off by a unit in the last place.</summary>
    private static double Cbrt(double x)
    {
        var root = Math.Cbrt(x);
        if (root == 0 || !double.IsFinite(root)) return root;
        var square = root * root;
        var rest = Math.FusedMultiplyAdd(square, root, -x) + (Math.FusedMultiplyAdd(root, root, -square) * root);
        return root - (rest / (3 * square));
    }

    /// <summary>A fraction in [0.5, 1) and a power of two.</summary>
    private static (double Fraction, double Exponent) Frexp(double x)
    {
        if (x == 0 || !double.IsFinite(x)) return (x, 0);
        var exponent = Math.ILogB(x) + 1;
        return (Math.ScaleB(x, -exponent), exponent);
    }

    private static (double Fraction, double Whole) Modf(double x)
    {
        var whole = Math.Truncate(x);
        return (Math.CopySign(double.IsInfinity(x) ? 0 : x - whole, x), whole);
    }

    private static double Logb(double x) => x == 0 ? double.NegativeInfinity : double.IsInfinity(x) ? double.PositiveInfinity : double.IsNaN(x) ? x : Math.ILogB(x);

    private static double Significand(double x) => x == 0 || !double.IsFinite(x) ? x : Math.ScaleB(x, -Math.ILogB(x));

    private static double Scale(double x, double power) =>
        double.IsNaN(power) ? power : Math.ScaleB(x, (int)Math.Clamp(power, -100_000, 100_000));

    private static double NextAfter(double x, double y) =>
        double.IsNaN(x) || double.IsNaN(y) ? double.NaN : x == y ? y : x < y ? Math.BitIncrement(x) : Math.BitDecrement(x);

    private static double Log1p(double x)
    {
        var sum = 1 + x;
        return sum == 1 || double.IsInfinity(sum) ? x : Math.Log(sum) * (x / (sum - 1));
    }

    private static double Expm1(double x)
    {
        if (Math.Abs(x) > 0.5) return Math.Exp(x) - 1;
        var power = Math.Exp(x);
        return power == 1 ? x : (power - 1) * x / Math.Log(power);
    }
}
