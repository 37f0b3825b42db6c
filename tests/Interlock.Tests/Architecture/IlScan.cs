using System.Collections.Immutable;
using System.Reflection;
using System.Reflection.Emit;
using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;
using System.Reflection.PortableExecutable;

namespace Interlock.Tests.Architecture;

/// <summary>A mention of a type, or of a member of it, in the code or the signatures of an outermost type; names are full names.</summary>
internal sealed record Use(string From, string Type, string? Member);

/// <summary>Reads every type that an assembly mentions and every member that its method bodies name. Constants leave no trace.</summary>
internal sealed class IlScan
{
    private static readonly Dictionary<short, OpCode> OpCodesByValue = typeof(OpCodes).GetFields(BindingFlags.Public | BindingFlags.Static)
        .Select(field => (OpCode)field.GetValue(null)!) // a static field
        .ToDictionary(code => code.Value);

    private readonly PEReader _image;
    private readonly MetadataReader _metadata;
    private readonly TypeNames _names;
    private readonly HashSet<Use> _uses = [];

    private IlScan(PEReader image)
    {
        (_image, _metadata) = (image, image.GetMetadataReader());
        _names = new TypeNames(_metadata);
    }

    public static List<Use> Of(string path)
    {
        using var file = File.OpenRead(path);
        using var image = new PEReader(file);
        var scan = new IlScan(image);
        foreach (var type in scan._metadata.TypeDefinitions) scan.Type(type);
        return [.. scan._uses];
    }

    private void Type(TypeDefinitionHandle handle)
    {
        var type = _metadata.GetTypeDefinition(handle);
        var from = _names.Outermost(handle);
        if (!type.BaseType.IsNil) Add(from, _names.Of(type.BaseType));
        foreach (var implementation in type.GetInterfaceImplementations()) Add(from, _names.Of(_metadata.GetInterfaceImplementation(implementation).Interface));
        foreach (var field in type.GetFields()) Add(from, _metadata.GetFieldDefinition(field).DecodeSignature(_names, null));
        foreach (var method in type.GetMethods()) Method(from, _metadata.GetMethodDefinition(method));
    }

    private void Method(string from, MethodDefinition method)
    {
        Add(from, Types(method.DecodeSignature(_names, null)));
        if (method.RelativeVirtualAddress == 0) return;
        var body = _image.GetMethodBody(method.RelativeVirtualAddress);
        if (!body.LocalSignature.IsNil)
            foreach (var local in _metadata.GetStandaloneSignature(body.LocalSignature).DecodeLocalSignature(_names, null)) Add(from, local);
        foreach (var region in body.ExceptionRegions)
            if (!region.CatchType.IsNil) Add(from, _names.Of(region.CatchType));
        foreach (var token in Tokens(body.GetILReader())) Token(from, token);
    }

    private static List<EntityHandle> Tokens(BlobReader il)
    {
        var tokens = new List<EntityHandle>();
        while (il.RemainingBytes > 0)
        {
            short value = il.ReadByte();
            if (value == 0xFE) value = (short)(0xFE00 | il.ReadByte());
            switch (OpCodesByValue[value].OperandType)
            {
                case OperandType.InlineNone: break;
                case OperandType.InlineField or OperandType.InlineMethod or OperandType.InlineTok or OperandType.InlineType:
                    tokens.Add(MetadataTokens.EntityHandle(il.ReadInt32()));
                    break;
                case OperandType.ShortInlineBrTarget or OperandType.ShortInlineI or OperandType.ShortInlineVar: il.Offset += 1; break;
                case OperandType.InlineVar: il.Offset += 2; break;
                case OperandType.InlineI8 or OperandType.InlineR: il.Offset += 8; break;
                case OperandType.InlineSwitch:
                    var targets = il.ReadInt32();
                    il.Offset += 4 * targets;
                    break;
                default: il.Offset += 4; break;
            }
        }
        return tokens;
    }

    private void Token(string from, EntityHandle token)
    {
        switch (token.Kind)
        {
            case HandleKind.TypeDefinition or HandleKind.TypeReference or HandleKind.TypeSpecification:
                Add(from, _names.Of(token));
                break;
            case HandleKind.MethodDefinition:
                var method = _metadata.GetMethodDefinition((MethodDefinitionHandle)token);
                Member(from, _names.Of(method.GetDeclaringType()), method.Name);
                break;
            case HandleKind.FieldDefinition:
                var field = _metadata.GetFieldDefinition((FieldDefinitionHandle)token);
                Member(from, _names.Of(field.GetDeclaringType()), field.Name);
                break;
            case HandleKind.MemberReference:
                var member = _metadata.GetMemberReference((MemberReferenceHandle)token);
                Member(from, member.Parent.Kind == HandleKind.MethodDefinition ? [] : _names.Of(member.Parent), member.Name);
                Add(from, member.GetKind() == MemberReferenceKind.Field ? member.DecodeFieldSignature(_names, null) : Types(member.DecodeMethodSignature(_names, null)));
                break;
            case HandleKind.MethodSpecification:
                var generic = _metadata.GetMethodSpecification((MethodSpecificationHandle)token);
                foreach (var argument in generic.DecodeSignature(_names, null)) Add(from, argument);
                Token(from, generic.Method);
                break;
        }
    }

    private static IEnumerable<string> Types(MethodSignature<ImmutableArray<string>> signature) =>
        signature.ReturnType.Concat(signature.ParameterTypes.SelectMany(types => types));

    private void Member(string from, ImmutableArray<string> types, StringHandle name)
    {
        Add(from, types);
        if (types.Length > 0) _uses.Add(new Use(from, types[0], _metadata.GetString(name)));
    }

    private void Add(string from, IEnumerable<string> types)
    {
        foreach (var type in types) _uses.Add(new Use(from, type, null));
    }
}
